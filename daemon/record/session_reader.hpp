#pragma once

#include <vturn/v1/session_log.pb.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "daemon/core/expected.hpp"
#include "daemon/core/input_event.hpp"
#include "daemon/record/mcap_reader.hpp"

namespace vturn::record {

struct DigestRecord {
  std::uint64_t inputs = 0;
  std::uint64_t outputs = 0;
  std::uint64_t hash = 0;
  bool final = false;
};

/// The session as the engine saw it: every input in the exact order, and the digests written between them. It ends
/// where the log does, where it was marked incomplete, or at the first damage: nothing behind such a place can be
/// replayed.
class SessionReader {
 public:
  /// Reads up to the first message: attachments and metadata are there afterwards.
  static Expected<SessionReader> open(const std::string& path);
  static Expected<SessionReader> from(McapReader reader, const std::string& name);

  enum class Item : std::uint8_t { kInput, kDigest, kEnd };
  Item next();
  [[nodiscard]] const InputEvent& input() const noexcept { return input_; }
  [[nodiscard]] const DigestRecord& digest() const noexcept { return digest_; }

  /// Text by name (session_log.hpp); empty when the session had none, or none so far: models that were loaded later
  /// come before the inputs that load them.
  [[nodiscard]] std::string attachment(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, std::string>& attachments() const noexcept { return attachments_; }
  [[nodiscard]] const McapMap& about() const noexcept { return about_; }

  /// After kEnd: the session ended in order and all of it was read.
  [[nodiscard]] bool complete() const noexcept { return final_seen_ && stopped_by_.empty(); }
  /// After kEnd: one line, why reading stopped before the session's end; empty when it did not.
  [[nodiscard]] const std::string& stopped_by() const noexcept { return stopped_by_; }
  [[nodiscard]] std::uint64_t offset() const noexcept { return reader_.offset(); }
  [[nodiscard]] std::uint64_t size() const noexcept { return reader_.size(); }

 private:
  explicit SessionReader(McapReader reader, std::string name) : reader_(std::move(reader)), name_(std::move(name)) {}
  bool read_head();
  bool advance();
  bool take_message();
  bool take_metadata();
  bool stop(const std::string& why);
  bool give_input();

  McapReader reader_;
  std::string name_;
  std::map<std::string, std::string> attachments_;
  McapMap about_;
  v1::InputBatch batch_;
  int batch_at_ = 0;
  v1::Digest digest_message_;
  InputEvent input_;
  DigestRecord digest_;
  bool message_waits_ = false;
  bool digest_waits_ = false;
  bool final_seen_ = false;
  bool ended_ = false;
  std::string stopped_by_;
};

}  // namespace vturn::record
