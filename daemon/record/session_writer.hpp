#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/record/mcap_writer.hpp"
#include "daemon/record/packed_event.hpp"
#include "daemon/record/session_log.hpp"
#include "daemon/wire/codec.hpp"
#include "daemon/wire/encoder.hpp"

namespace vturn::record {

struct SessionWriterOptions {
  wire::EncoderSettings encoder;            ///< session id, names, hashes, blinded
  std::vector<McapAttachment> attachments;  ///< configuration and models (session_log.hpp names them)
  McapMap about;                            ///< versions and whatever else names this run
  std::int64_t wall_minus_mono_ns = 0;      ///< log times are wall clock, but as steady as the monotonic one
  bool compress = true;
};

/// Events in, bytes of a session log out (no I/O, no clock): inputs in batches of one decision step, outputs as the
/// public messages under their topics, the arms of a blinded session under "sealed".
class SessionWriter {
 public:
  explicit SessionWriter(const SessionWriterOptions& options);

  void input(const InputEvent& event);
  void output(const OutputEvent& event, const wire::Stamps& stamps);
  void digest(const DigestMark& mark);
  /// From here the log is incomplete: says so in a metadata record.
  void gap(const GapMark& mark);
  /// In the file before everything that follows.
  void attachment(const McapAttachment& attachment) { writer_.attachment(attachment); }
  void close_chunk();
  void finish();

  [[nodiscard]] std::size_t open_bytes() const noexcept { return writer_.open_chunk_bytes() + batch_.size(); }
  [[nodiscard]] std::string_view pending() const noexcept { return writer_.pending(); }
  void drained(std::size_t bytes) { writer_.drained(bytes); }

 private:
  void flush_batch();
  void collect_note(const CommandInput& command);
  void seal(const TriggerOutput& trigger, std::uint64_t log_time_ns);
  void put(std::uint16_t channel, std::uint64_t log_time_ns, const google::protobuf::MessageLite& message);
  [[nodiscard]] std::uint64_t log_time(MonoNs mono_ns) const noexcept;

  std::int64_t wall_minus_mono_ns_;
  bool blinded_;
  McapWriter writer_;
  SessionChannels channels_;
  wire::Encoder encoder_;
  wire::InputEncoder input_encoder_;
  std::string batch_;
  MonoNs batch_step_ns_ = 0;
  std::uint64_t inputs_ = 0;
  std::string note_;
  v1::Digest digest_;
  v1::Sealed sealed_;
};

}  // namespace vturn::record
