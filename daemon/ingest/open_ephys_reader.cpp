#include "daemon/ingest/open_ephys_reader.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

namespace vturn::ingest {
namespace {

// A thousand volts in microvolts: no amplifier says so, and filters stay finite below it.
constexpr float kAbsurdSample = 1e9F;

bool plausible(float sample) noexcept { return std::fabs(sample) <= kAbsurdSample; }

float most_negative(const ZmqInterfaceMessage& spike) noexcept {
  float lowest = std::numeric_limits<float>::max();
  const auto values = static_cast<std::size_t>(spike.num_channels * spike.num_samples);
  for (std::size_t i = 0; i < values; ++i) {
    const float value = sample_at(spike.samples, i);
    if (plausible(value)) lowest = std::min(lowest, value);
  }
  return lowest < std::numeric_limits<float>::max() ? lowest : 0.0F;
}

}  // namespace

OpenEphysReader::OpenEphysReader(OpenEphysReaderSettings settings)
    : settings_(std::move(settings)),
      tracker_(settings_.speed),
      clock_(settings_.speed),
      electrodes_(settings_.units),
      stream_(settings_.stream),
      rate_hz_(settings_.sample_rate_hz) {
  if (!settings_.master && settings_.mapping.session_of == nullptr) {
    throw std::invalid_argument("a source that is not the clock master needs a mapping onto session time");
  }
  for (const SignalSettings& signal : settings_.signals) signals_.push_back({signal, Decimator{}});
  stream_.reserve(kMaxStreamNameBytes);
}

void OpenEphysReader::message(Frames frames, MonoNs arrival_mono_ns, EventSink& sink) noexcept {
  ++counters_.received;
  ZmqInterfaceMessage message;
  const ParseError error = parser_.parse(frames, message);
  if (error != ParseError::kNone) return refuse(error, arrival_mono_ns, sink);
  count(message);

  Continuity continuity;
  tracker_.observe_number(message.message_num, continuity);
  counters_.lost += continuity.lost;
  const bool ours = take_stream(message.stream, continuity.epoch);
  const double rate_hz = message.kind == MessageKind::kData ? message.sample_rate_hz : rate_hz_;
  const bool usable = ours && rate_hz > 0;
  if (usable) tracker_.observe_samples(message, rate_hz, arrival_mono_ns, continuity);
  pending_lost_ += continuity.lost;
  if (continuity.epoch != EpochCause::kNone) pending_epoch_ = continuity.epoch;
  if (!usable) {
    ++(ours ? counters_.without_rate : counters_.other_stream);
    return;
  }
  rate_hz_ = rate_hz;

  const Context context{message, arrival_mono_ns, sink};
  announce(context, continuity.missing_samples);
  if (message.kind == MessageKind::kSpike) spike(context);
  if (message.kind == MessageKind::kTtl) ttl(context);
  if (message.kind == MessageKind::kData) data(context, continuity.channel_broken);
}

void OpenEphysReader::refuse(ParseError error, MonoNs arrival_mono_ns, EventSink& sink) noexcept {
  ++counters_.malformed;
  ++counters_.errors[static_cast<std::size_t>(error)];
  last_error_ = error;
  if (error != ParseError::kOldGui || refusal_told_) return;
  refusal_told_ = true;
  InputEvent event = event_at(InputKind::kSource, 0, arrival_mono_ns);
  event.payload.source = source_input(SourceChange::kRefused, EpochCause::kNone, 1);
  emit(event, clock_.newest_ns(), sink);
}

void OpenEphysReader::count(const ZmqInterfaceMessage& message) noexcept {
  ++counters_.parsed;
  if (message.kind == MessageKind::kSpike) ++counters_.spikes_received;
  if (message.kind == MessageKind::kTtl) ++counters_.ttl_received;
  if (message.kind == MessageKind::kData) ++counters_.data_received;
}

bool OpenEphysReader::take_stream(std::string_view name, EpochCause cause) noexcept {
  const bool fresh_start = cause == EpochCause::kStart || cause == EpochCause::kRestart;
  // The reserved room holds any name that the parser lets through.
  if (settings_.stream.empty() && fresh_start) stream_.assign(name);
  return name == stream_;
}

void OpenEphysReader::announce(const Context& context, std::uint64_t missing_samples) noexcept {
  const ZmqInterfaceMessage& message = context.message;
  const EpochCause cause = std::exchange(pending_epoch_, EpochCause::kNone);
  const std::uint64_t lost = std::exchange(pending_lost_, 0);
  if (cause != EpochCause::kNone) clock_.begin_epoch(message.sample_num, rate_hz_, context.arrival_mono_ns);
  const SampleIndex samples = message.kind == MessageKind::kData ? message.num_samples : 0;
  clock_.seen(message.sample_num + samples, context.arrival_mono_ns);
  if (!std::exchange(up_, true)) return emit_source(context, SourceChange::kUp, EpochCause::kStart, 0);
  if (cause != EpochCause::kNone) {
    ++counters_.epochs;
    emit_source(context, SourceChange::kEpoch, cause, lost);
  } else if (lost + missing_samples > 0) {
    ++counters_.gaps;
    emit_source(context, SourceChange::kGap, EpochCause::kNone, lost > 0 ? lost : missing_samples);
  }
}

void OpenEphysReader::spike(const Context& context) noexcept {
  const ZmqInterfaceMessage& message = context.message;
  const auto entry = electrodes_.find(message.electrode, message.sorted_id);
  if (entry.unit == kNoUnit) ++counters_.spikes_unmapped;
  InputEvent event = event_at(InputKind::kSpike, message.sample_num, context.arrival_mono_ns);
  event.payload.spike = {entry.unit, entry.channel, most_negative(message)};
  emit(event, clock_.time_ns(event.source_sample), context.sink);
}

void OpenEphysReader::ttl(const Context& context) noexcept {
  const ZmqInterfaceMessage& message = context.message;
  InputEvent event = event_at(InputKind::kTtl, message.sample_num, context.arrival_mono_ns);
  event.payload.ttl = {message.ttl_line, message.ttl_state, message.ttl_word};
  emit(event, clock_.time_ns(event.source_sample), context.sink);
}

void OpenEphysReader::data(const Context& context, bool channel_broken) noexcept {
  Signal* signal = signal_of(context.message);
  if (signal == nullptr) return tell_time(context);
  if (signal->rate_hz != rate_hz_) signal->decimator = Decimator(rate_hz_);
  signal->rate_hz = rate_hz_;
  if (channel_broken) signal->decimator.reset();
  decimate(context, *signal);
}

void OpenEphysReader::tell_time(const Context& context) noexcept {
  const std::int64_t own_ns = clock_.time_ns(context.message.sample_num);
  if (!settings_.master || own_ns - last_event_own_ns_ < kTellTimeNs) return;
  emit_source(context, SourceChange::kClock, EpochCause::kNone, 0);
}

void OpenEphysReader::decimate(const Context& context, Signal& signal) noexcept {
  const ZmqInterfaceMessage& message = context.message;
  InputEvent event;
  const auto rate_hz = static_cast<float>(signal.decimator.output_rate_hz());
  std::uint16_t held = 0;
  for (std::int64_t i = 0; i < message.num_samples; ++i) {
    const float sample = good_sample(signal, sample_at(message.samples, static_cast<std::size_t>(i)));
    const SampleIndex number = message.sample_num + i;
    float output = 0;
    if (!signal.decimator.push(number, sample, output)) continue;
    if (held == 0) {
      event = event_at(InputKind::kLfp, number, context.arrival_mono_ns);
      event.payload.lfp = {signal.settings.signal, 0, rate_hz, {}};
    }
    event.payload.lfp.samples[held] = output;
    event.payload.lfp.count = ++held;
    if (held == kMaxLfpSamples) emit_block(context, event, held);
  }
  if (held > 0) emit_block(context, event, held);
}

void OpenEphysReader::emit_block(const Context& context, InputEvent& block, std::uint16_t& held) noexcept {
  ++counters_.lfp_blocks;
  emit(block, clock_.time_ns(block.source_sample), context.sink);
  held = 0;
}

OpenEphysReader::Signal* OpenEphysReader::signal_of(const ZmqInterfaceMessage& message) noexcept {
  const auto is_it = [&message](const Signal& signal) {
    const bool by_name = !message.channel_name.empty() && !signal.settings.channel_name.empty();
    return by_name ? message.channel_name == signal.settings.channel_name
                   : message.channel_num == signal.settings.channel_num;
  };
  const auto found = std::find_if(signals_.begin(), signals_.end(), is_it);
  return found == signals_.end() ? nullptr : &*found;
}

float OpenEphysReader::good_sample(Signal& signal, float sample) noexcept {
  if (plausible(sample)) return signal.last_good = sample;
  // One such value would stay in the filter's state for ever.
  ++counters_.bad_samples;
  return signal.last_good;
}

InputEvent OpenEphysReader::event_at(InputKind kind, SampleIndex sample, MonoNs arrival_mono_ns) const noexcept {
  InputEvent event;
  event.arrival_mono_ns = arrival_mono_ns;
  event.source_sample = sample;
  event.source = settings_.source;
  event.kind = kind;
  event.flags = settings_.master ? kFlagMaster : std::uint8_t{0};
  return event;
}

SourceInput OpenEphysReader::source_input(SourceChange change, EpochCause cause, std::uint64_t count) const noexcept {
  return {change, cause, settings_.carries_spikes, settings_.carries_motion, epoch(), count, 0};
}

void OpenEphysReader::emit_source(const Context& context, SourceChange change, EpochCause cause,
                                  std::uint64_t count) noexcept {
  InputEvent event = event_at(InputKind::kSource, context.message.sample_num, context.arrival_mono_ns);
  event.payload.source = source_input(change, cause, count);
  emit(event, clock_.time_ns(event.source_sample), context.sink);
}

void OpenEphysReader::emit(InputEvent& event, std::int64_t own_ns, EventSink& sink) noexcept {
  const SessionMapping& mapping = settings_.mapping;
  event.session_time_ns =
      settings_.master ? own_ns : mapping.session_of(mapping.context, own_ns, event.arrival_mono_ns);
  last_event_own_ns_ = own_ns;
  sink.event(event, own_ns);
}

}  // namespace vturn::ingest
