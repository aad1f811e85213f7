#include "daemon/record/repair.hpp"

#include <map>
#include <stdexcept>

#include "daemon/record/mcap_writer.hpp"
#include "daemon/record/session_log.hpp"

namespace vturn::record {

namespace {

constexpr std::size_t kChunkBytes = 1U << 20;
constexpr std::uint64_t kProgressMessages = 256;

// Ids of the source file may have holes; the copy numbers its schemas and channels afresh.
class Copy {
 public:
  Copy(McapReader& from, std::ostream& to)
      : from_(from), to_(to), writer_({from.profile(), "vturn (repaired)", true}) {}

  void message() {
    const auto& view = from_.message();
    writer_.message(channel(view), view.log_time_ns, view.publish_time_ns, view.data);
    if (writer_.open_chunk_bytes() >= kChunkBytes) {
      writer_.close_chunk();
      drain();
    }
  }
  void attachment() { writer_.attachment(from_.attachment()); }
  void metadata(const std::string& name, const McapMap& values) { writer_.metadata(name, values); }
  /// Where something is missing, so that nobody reads across the place as if nothing were.
  void hole() { writer_.metadata(std::string(kIncompleteMetadata), {{"reason", from_.damage().what}}); }
  void finish() {
    writer_.finish();
    drain();
  }

 private:
  std::uint16_t schema(std::uint16_t id) {
    const auto found = from_.schemas().find(id);
    if (found == from_.schemas().end()) return 0;
    const auto [entry, fresh] = schemas_.try_emplace(id, std::uint16_t{0});
    if (fresh) entry->second = writer_.add_schema(found->second);
    return entry->second;
  }

  std::uint16_t channel(const McapMessageView& view) {
    const auto [entry, fresh] = channels_.try_emplace(view.channel_id, std::uint16_t{0});
    if (fresh) {
      McapChannel channel = *view.channel;
      channel.schema_id = schema(channel.schema_id);
      entry->second = writer_.add_channel(channel);
    }
    return entry->second;
  }

  void drain() {
    const auto bytes = writer_.pending();
    to_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!to_) throw std::runtime_error("the repaired log cannot be written (disk full?)");
    writer_.drained(bytes.size());
  }

  McapReader& from_;
  std::ostream& to_;
  McapWriter writer_;
  std::map<std::uint16_t, std::uint16_t> schemas_, channels_;
};

McapMap summary(const RepairReport& report) {
  McapMap values{{"damages", std::to_string(report.damages)}, {"messages", std::to_string(report.messages)}};
  values["ending"] = report.ending == McapEnding::kWhole      ? "whole"
                     : report.ending == McapEnding::kNoFooter ? "no footer"
                                                              : "torn";
  for (std::size_t i = 0; i < report.first_damages.size(); ++i)
    values["damage_" + std::to_string(i + 1)] = report.first_damages[i];
  return values;
}

}  // namespace

RepairReport repair_log(McapReader& from, std::ostream& to, const std::function<void(std::uint64_t)>& progress) {
  RepairReport report;
  // The file's profile is known from its first item on.
  McapItem item = from.next();
  Copy copy(from, to);
  for (; item != McapItem::kEnd; item = from.next()) {
    switch (item) {
      case McapItem::kMessage:
        copy.message();
        if (++report.messages % kProgressMessages == 0) progress(from.offset());
        break;
      case McapItem::kAttachment:
        copy.attachment();
        ++report.attachments;
        break;
      case McapItem::kMetadata:
        copy.metadata(from.metadata_name(), from.metadata());
        break;
      case McapItem::kDamage:
        if (report.first_damages.size() < kMaxDamageLines) report.first_damages.push_back(from.damage().what);
        copy.hole();
        break;
      case McapItem::kEnd:
        break;
    }
  }
  report.damages = from.damages();
  report.ending = from.ending();
  copy.metadata("repaired", summary(report));
  copy.finish();
  return report;
}

}  // namespace vturn::record
