#pragma once

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "daemon/record/mcap_reader.hpp"
#include "daemon/record/mcap_writer.hpp"

namespace vturn::test {

struct SampleMessage {
  std::uint16_t channel;
  std::uint64_t time_ns;
  std::string data;
  bool operator==(const SampleMessage&) const = default;
};

struct SampleLog {
  std::string bytes;
  std::vector<SampleMessage> messages;
  std::vector<std::size_t> chunk_ends;  ///< file length after each chunk and its indexes
  std::vector<std::size_t> messages_by_then;
};

inline std::string random_bytes(std::mt19937& random, std::size_t most) {
  std::string bytes(random() % (most + 1), '\0');
  // Few distinct bytes, so that compression has something to find.
  for (auto& c : bytes) c = static_cast<char>(random() % 7);
  return bytes;
}

/// A log of random messages on three channels with an attachment before and metadata between the chunks.
inline SampleLog sample_log(std::uint32_t seed, int chunks, int messages_a_chunk, bool compress, bool finish = true) {
  std::mt19937 random(seed);
  record::McapWriter writer({"vturn-test", "vturn unit test", compress});
  SampleLog log;
  const auto drain = [&] {
    log.bytes.append(writer.pending());
    writer.drained(writer.pending().size());
  };
  const auto schema = writer.add_schema({"vturn.v1.Heading", "protobuf", "descriptor"});
  writer.add_channel({schema, "heading", "protobuf", {{"unit", "rad"}}});
  writer.add_channel({schema, "sleep", "protobuf", {}});
  writer.add_channel({0, "raw", "", {}});
  writer.attachment({10, 9, "config.toml", "application/toml", "[rig]\nname = \"m\"\n"});
  std::uint64_t now = 1'000'000;
  for (int chunk = 0; chunk < chunks; ++chunk) {
    for (int i = 0; i < messages_a_chunk; ++i) {
      now += random() % 1000;
      SampleMessage message{static_cast<std::uint16_t>(1 + random() % 3), now, random_bytes(random, 40)};
      writer.message(message.channel, now, now, message.data);
      log.messages.push_back(std::move(message));
    }
    writer.close_chunk();
    drain();
    log.chunk_ends.push_back(log.bytes.size());
    log.messages_by_then.push_back(log.messages.size());
    if (chunk % 2 == 0) writer.metadata("note", {{"chunk", std::to_string(chunk)}});
  }
  if (finish) writer.finish();
  drain();
  return log;
}

struct ReadBack {
  std::vector<SampleMessage> messages;
  std::vector<record::McapAttachment> attachments;
  std::vector<std::pair<std::string, record::McapMap>> metadata;
  std::vector<record::McapDamage> damages;
  record::McapEnding ending = record::McapEnding::kReading;
  std::string error;
};

inline ReadBack read_back(std::string_view bytes, record::McapLimits limits = {}) {
  ReadBack back;
  auto reader = record::McapReader::from(std::make_unique<record::MemorySource>(bytes), "test.mcap", limits);
  if (!reader) {
    back.error = reader.error();
    return back;
  }
  while (true) {
    switch (reader->next()) {
      case record::McapItem::kMessage: {
        const auto& message = reader->message();
        back.messages.push_back({message.channel_id, message.log_time_ns, std::string(message.data)});
        break;
      }
      case record::McapItem::kAttachment:
        back.attachments.push_back(reader->attachment());
        break;
      case record::McapItem::kMetadata:
        back.metadata.emplace_back(reader->metadata_name(), reader->metadata());
        break;
      case record::McapItem::kDamage:
        back.damages.push_back(reader->damage());
        break;
      case record::McapItem::kEnd:
        back.ending = reader->ending();
        return back;
    }
  }
}

}  // namespace vturn::test
