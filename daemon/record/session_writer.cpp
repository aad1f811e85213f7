#include "daemon/record/session_writer.hpp"

#include <algorithm>

namespace vturn::record {

namespace {

constexpr std::size_t kMaxBatchBytes = 64U << 10;

McapMap about_session(const SessionWriterOptions& options) {
  McapMap about = options.about;
  about["session_id"] = options.encoder.session_id;
  about["config_hash"] = options.encoder.config_hash;
  about["model_hash"] = options.encoder.model_hash;
  about["blinded"] = options.encoder.blinded ? "true" : "false";
  const auto& names = options.encoder.names;
  for (std::size_t i = 0; i < names.sources.size(); ++i) about["source_" + std::to_string(i)] = names.sources[i];
  return about;
}

}  // namespace

SessionWriter::SessionWriter(const SessionWriterOptions& options)
    : wall_minus_mono_ns_(options.wall_minus_mono_ns),
      blinded_(options.encoder.blinded),
      writer_({std::string(kProfile), "vturnd", options.compress}) {
  encoder_.prepare(options.encoder);
  channels_ = add_session_channels(writer_);
  writer_.metadata(std::string(kSessionMetadata), about_session(options));
  for (const auto& attachment : options.attachments) writer_.attachment(attachment);
}

std::uint64_t SessionWriter::log_time(MonoNs mono_ns) const noexcept {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(mono_ns + wall_minus_mono_ns_, 0));
}

void SessionWriter::put(std::uint16_t channel, std::uint64_t log_time_ns,
                        const google::protobuf::MessageLite& message) {
  const std::size_t size = message.ByteSizeLong();
  char* into = writer_.message(channel, log_time_ns, log_time_ns, size);
  message.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(into));
}

void SessionWriter::input(const InputEvent& event) {
  if (event.now_mono_ns != batch_step_ns_ || batch_.size() >= kMaxBatchBytes) flush_batch();
  batch_step_ns_ = event.now_mono_ns;
  input_encoder_.append(event, batch_);
  ++inputs_;
  if (event.kind == InputKind::kCommand) collect_note(event.payload.command);
}

void SessionWriter::flush_batch() {
  if (batch_.empty()) return;
  const std::uint64_t at_ns = log_time(batch_step_ns_);
  writer_.message(channels_.input, at_ns, at_ns, batch_);
  batch_.clear();
}

// The public "note" message carries the text, which the engine never sees as a whole.
void SessionWriter::collect_note(const CommandInput& command) {
  if (command.command != CommandKind::kNote) return;
  if (command.part == 0) note_.clear();
  note_.append(command.text.data(), std::min<std::size_t>(command.length, kMaxCommandText));
}

void SessionWriter::output(const OutputEvent& event, const wire::Stamps& stamps) {
  const bool is_note = event.kind == OutputKind::kSession && event.payload.session.change == SessionChange::kNote;
  wire::Stamps stamped = stamps;
  if (stamped.wall_time_unix_ns == 0) stamped.wall_time_unix_ns = stamps.decided_ns + wall_minus_mono_ns_;
  const auto encoded = encoder_.encode(event, stamped, is_note ? std::string_view(note_) : std::string_view());
  if (encoded.topic == wire::Topic::kNone) return;
  const std::uint64_t at_ns = log_time(stamps.decided_ns);
  put(channels_.topics[wire::index(encoded.topic)], at_ns, *encoded.message);
  if (blinded_ && event.kind == OutputKind::kTrigger) seal(event.payload.trigger, at_ns);
}

void SessionWriter::seal(const TriggerOutput& trigger, std::uint64_t log_time_ns) {
  sealed_.set_trigger_id(trigger.trigger_id);
  sealed_.set_arm(static_cast<std::uint32_t>(trigger.arm));
  put(channels_.sealed, log_time_ns, sealed_);
}

void SessionWriter::digest(const DigestMark& mark) {
  flush_batch();
  digest_.set_inputs(mark.inputs);
  digest_.set_outputs(mark.outputs);
  digest_.set_hash(mark.hash);
  digest_.set_final(mark.final != 0);
  put(channels_.digest, log_time(mark.at_mono_ns), digest_);
}

void SessionWriter::gap(const GapMark& mark) {
  close_chunk();
  writer_.metadata(std::string(kIncompleteMetadata), {{"inputs_before", std::to_string(inputs_)},
                                                      {"inputs_lost", std::to_string(mark.inputs)},
                                                      {"outputs_lost", std::to_string(mark.outputs)}});
}

void SessionWriter::close_chunk() {
  flush_batch();
  writer_.close_chunk();
}

void SessionWriter::finish() {
  flush_batch();
  writer_.finish();
}

}  // namespace vturn::record
