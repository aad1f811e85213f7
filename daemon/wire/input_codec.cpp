#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <limits>

#include "daemon/wire/codec.hpp"

namespace vturn::wire {
namespace {

template <class T, class U>
bool fits(U value, T& out) noexcept {
  if (value > std::numeric_limits<T>::max()) return false;
  out = static_cast<T>(value);
  return true;
}

template <class Enum>
bool known(std::uint32_t value, Enum first, Enum last, Enum& out) noexcept {
  if (value < static_cast<std::uint32_t>(first) || value > static_cast<std::uint32_t>(last)) return false;
  out = static_cast<Enum>(value);
  return true;
}

void lfp_to_proto(const LfpInput& lfp, v1::InputLfp& message) {
  message.set_signal(lfp.signal);
  message.set_rate_hz(lfp.rate_hz);
  auto& samples = *message.mutable_samples();
  samples.Clear();
  samples.Add(lfp.samples.begin(), lfp.samples.begin() + std::min(lfp.count, kMaxLfpSamples));
}

void source_to_proto(const SourceInput& source, v1::InputSource& message) {
  message.set_change(static_cast<std::uint32_t>(source.change));
  message.set_cause(static_cast<std::uint32_t>(source.cause));
  message.set_carries_spikes(source.carries_spikes != 0);
  message.set_carries_motion(source.carries_motion != 0);
  message.set_epoch(source.epoch);
  message.set_count(source.count);
  message.set_value_ns(source.value_ns);
}

void command_to_proto(const CommandInput& command, v1::InputCommand& message) {
  message.set_command(static_cast<std::uint32_t>(command.command));
  message.set_part(command.part);
  message.set_more(command.more);
  message.set_request(command.request);
  message.set_value_ns(command.value_ns);
  message.mutable_text()->assign(command.text.data(), std::min<std::size_t>(command.length, kMaxCommandText));
}

void spike_to_proto(const SpikeInput& spike, v1::InputSpike& message) {
  message.set_unit(spike.unit);
  message.set_channel(spike.channel);
  message.set_amplitude_uv(spike.amplitude_uv);
}

void ttl_to_proto(const TtlInput& ttl, v1::InputTtl& message) {
  message.set_line(ttl.line);
  message.set_state(ttl.state);
  message.set_word(ttl.word);
}

void result_to_proto(const OutputResultInput& result, v1::InputOutputResult& message) {
  message.set_result(static_cast<std::uint32_t>(result.result));
  message.set_output(result.output);
  message.set_rule(result.rule);
  message.set_trigger_id(result.trigger_id);
  message.set_fired_mono_ns(result.fired_mono_ns);
}

void recorder_to_proto(const RecorderInput& recorder, v1::InputRecorder& message) {
  message.set_state(static_cast<std::uint32_t>(recorder.state));
  message.set_lost(recorder.lost);
}

bool heading_from_proto(const v1::InputHeading& message, HeadingInput& heading) noexcept {
  heading.angle_rad = message.angle_rad();
  return true;
}

bool spike_from_proto(const v1::InputSpike& message, SpikeInput& spike) noexcept {
  spike.unit = message.unit();
  spike.channel = message.channel();
  spike.amplitude_uv = message.amplitude_uv();
  return true;
}

bool lfp_from_proto(const v1::InputLfp& message, LfpInput& lfp) noexcept {
  if (message.samples_size() > kMaxLfpSamples) return false;
  lfp.count = static_cast<std::uint16_t>(message.samples_size());
  lfp.rate_hz = message.rate_hz();
  std::copy(message.samples().begin(), message.samples().end(), lfp.samples.begin());
  return fits(message.signal(), lfp.signal);
}

bool ttl_from_proto(const v1::InputTtl& message, TtlInput& ttl) noexcept {
  ttl.word = message.word();
  return fits(message.line(), ttl.line) && fits(message.state(), ttl.state);
}

bool source_from_proto(const v1::InputSource& message, SourceInput& source) noexcept {
  source.carries_spikes = message.carries_spikes() ? 1 : 0;
  source.carries_motion = message.carries_motion() ? 1 : 0;
  source.epoch = message.epoch();
  source.count = message.count();
  source.value_ns = message.value_ns();
  return known(message.change(), SourceChange::kUp, SourceChange::kRefused, source.change) &&
         known(message.cause(), EpochCause::kNone, EpochCause::kRateChange, source.cause);
}

bool command_from_proto(const v1::InputCommand& message, CommandInput& command) noexcept {
  if (message.text().size() > kMaxCommandText) return false;
  command.length = static_cast<std::uint8_t>(message.text().size());
  std::copy(message.text().begin(), message.text().end(), command.text.begin());
  command.request = message.request();
  command.value_ns = message.value_ns();
  return known(message.command(), CommandKind::kArm, CommandKind::kCalibrateStop, command.command) &&
         fits(message.part(), command.part) && fits(message.more(), command.more);
}

bool result_from_proto(const v1::InputOutputResult& message, OutputResultInput& result) noexcept {
  result.trigger_id = message.trigger_id();
  result.fired_mono_ns = message.fired_mono_ns();
  return known(message.result(), OutputResult::kFired, OutputResult::kNotStopped, result.result) &&
         fits(message.output(), result.output) && fits(message.rule(), result.rule);
}

bool recorder_from_proto(const v1::InputRecorder& message, RecorderInput& recorder) noexcept {
  recorder.lost = message.lost();
  return known(message.state(), RecorderState::kRecording, RecorderState::kOff, recorder.state);
}

// The fields of the oneof are numbered in the order of InputKind.
static_assert(static_cast<int>(InputKind::kTick) == v1::Input::kTickFieldNumber - 7 &&
              static_cast<int>(InputKind::kRecorder) == v1::Input::kRecorderFieldNumber - 7);

bool payload_from_proto(const v1::Input& message, InputEvent& event) noexcept {
  if (message.payload_case() == v1::Input::PAYLOAD_NOT_SET) return false;
  event.kind = static_cast<InputKind>(message.payload_case() - 7);
  switch (event.kind) {
    case InputKind::kTick:
      return true;
    case InputKind::kSpike:
      return spike_from_proto(message.spike(), event.payload.spike);
    case InputKind::kLfp:
      return lfp_from_proto(message.lfp(), event.payload.lfp);
    case InputKind::kHeading:
      return heading_from_proto(message.heading(), event.payload.heading);
    case InputKind::kTtl:
      return ttl_from_proto(message.ttl(), event.payload.ttl);
    case InputKind::kSource:
      return source_from_proto(message.change(), event.payload.source);
    case InputKind::kCommand:
      return command_from_proto(message.command(), event.payload.command);
    case InputKind::kOutputResult:
      return result_from_proto(message.output(), event.payload.output);
    case InputKind::kRecorder:
      return recorder_from_proto(message.recorder(), event.payload.recorder);
  }
  return false;
}

}  // namespace

void to_proto(const InputEvent& event, v1::Input& message) {
  message.set_session_time_ns(event.session_time_ns);
  message.set_arrival_mono_ns(event.arrival_mono_ns);
  message.set_now_mono_ns(event.now_mono_ns);
  message.set_source_sample(event.source_sample);
  message.set_parse_delay_ns(event.parse_delay_ns);
  message.set_source(event.source);
  message.set_flags(event.flags);
  switch (event.kind) {
    case InputKind::kTick:
      message.mutable_tick();
      return;
    case InputKind::kSpike:
      return spike_to_proto(event.payload.spike, *message.mutable_spike());
    case InputKind::kLfp:
      return lfp_to_proto(event.payload.lfp, *message.mutable_lfp());
    case InputKind::kHeading:
      return message.mutable_heading()->set_angle_rad(event.payload.heading.angle_rad);
    case InputKind::kTtl:
      return ttl_to_proto(event.payload.ttl, *message.mutable_ttl());
    case InputKind::kSource:
      return source_to_proto(event.payload.source, *message.mutable_change());
    case InputKind::kCommand:
      return command_to_proto(event.payload.command, *message.mutable_command());
    case InputKind::kOutputResult:
      return result_to_proto(event.payload.output, *message.mutable_output());
    case InputKind::kRecorder:
      return recorder_to_proto(event.payload.recorder, *message.mutable_recorder());
  }
  message.clear_payload();
}

bool from_proto(const v1::Input& message, InputEvent& event) noexcept {
  event = InputEvent{};
  event.session_time_ns = message.session_time_ns();
  event.arrival_mono_ns = message.arrival_mono_ns();
  event.now_mono_ns = message.now_mono_ns();
  event.source_sample = message.source_sample();
  event.parse_delay_ns = message.parse_delay_ns();
  return fits(message.source(), event.source) && fits(message.flags(), event.flags) &&
         payload_from_proto(message, event);
}

void InputEncoder::append(const InputEvent& event, std::string& batch) {
  const auto kind = static_cast<std::size_t>(event.kind);
  v1::Input& message = messages_[kind < kKinds ? kind : 0];
  to_proto(event, message);
  constexpr std::uint8_t kTagOfInputs = (v1::InputBatch::kInputsFieldNumber << 3) | 2;  // length-delimited
  std::array<std::uint8_t, 1 + 5> prefix{kTagOfInputs};
  const std::size_t bytes = message.ByteSizeLong();
  const std::uint8_t* end =
      google::protobuf::io::CodedOutputStream::WriteVarint32ToArray(static_cast<std::uint32_t>(bytes), &prefix[1]);
  batch.append(reinterpret_cast<const char*>(prefix.data()), static_cast<std::size_t>(end - prefix.data()));
  const std::size_t start = batch.size();
  batch.resize(start + bytes);
  message.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(batch.data() + start));
}

}  // namespace vturn::wire
