#include "daemon/ingest/open_ephys_reader.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace vturn::ingest {
namespace {

float most_negative(const GuiMessage& spike) noexcept {
  float lowest = std::numeric_limits<float>::max();
  const auto values = static_cast<std::size_t>(spike.num_channels * spike.num_samples);
  for (std::size_t i = 0; i < values; ++i) {
    const float value = sample_at(spike.samples, i);
    if (SignalSet::plausible(value)) lowest = std::min(lowest, value);
  }
  return lowest < std::numeric_limits<float>::max() ? lowest : 0.0F;
}

}  // namespace

OpenEphysReader::OpenEphysReader(OpenEphysReaderSettings settings)
    : settings_(std::move(settings)),
      parser_(make_feed_parser(settings_.feed)),
      tracker_(settings_.speed),
      clock_(settings_.speed),
      electrodes_(settings_.units),
      signals_(settings_.signals),
      imu_(settings_.imu),
      maker_(settings_),
      stream_(settings_.stream),
      rate_hz_(settings_.sample_rate_hz) {
  stream_.reserve(kMaxStreamNameBytes);
  other_stream_.reserve(kMaxStreamNameBytes);
}

void OpenEphysReader::message(Frames frames, MonoNs arrival_mono_ns, EventSink& sink) noexcept {
  ++counters_.received;
  GuiMessage message;
  const ParseError error = parser_->parse(frames, message);
  if (error != ParseError::kNone) return refuse(error, arrival_mono_ns, sink);
  count(message);

  Continuity continuity;
  message.numbered ? tracker_.observe_number(message.message_num, continuity) : tracker_.observe_unnumbered(continuity);
  counters_.lost += continuity.lost;
  const bool ours = take_stream(message.stream, continuity.epoch);
  const double rate_hz = message.sample_rate_hz > 0 ? message.sample_rate_hz : rate_hz_;
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
  if (message.kind == MessageKind::kTtl && tracker_.strays(message.sample_num, arrival_mono_ns)) return hold(context);
  announce(context, continuity.missing_samples);
  if (held_count_ > 0 && tells_samples(message.kind)) release_held(context);
  if (message.kind == MessageKind::kSpike) spike(context);
  if (message.kind == MessageKind::kTtl) emit_ttl(context, message.sample_num, ttl_of(message));
  if (message.kind == MessageKind::kData) data(context, continuity.channel_broken);
}

void OpenEphysReader::refuse(ParseError error, MonoNs arrival_mono_ns, EventSink& sink) noexcept {
  ++counters_.malformed;
  ++counters_.errors[static_cast<std::size_t>(error)];
  last_error_ = error;
  if (error != ParseError::kTooOld || refusal_told_) return;
  refusal_told_ = true;
  maker_.change(SourceChange::kRefused, EpochCause::kNone, 1, {0, clock_.newest_ns(), arrival_mono_ns}, sink);
}

void OpenEphysReader::count(const GuiMessage& message) noexcept {
  ++counters_.parsed;
  if (message.kind == MessageKind::kSpike) ++counters_.spikes_received;
  if (message.kind == MessageKind::kTtl) ++counters_.ttl_received;
  if (message.kind == MessageKind::kData) ++counters_.data_received;
}

bool OpenEphysReader::take_stream(std::string_view name, EpochCause cause) noexcept {
  const bool fresh_start = cause == EpochCause::kStart || cause == EpochCause::kRestart;
  // The reserved room holds any name that the parser lets through.
  if (settings_.stream.empty() && fresh_start) stream_.assign(name);
  if (name == stream_) return true;
  other_stream_.assign(name);
  return false;
}

void OpenEphysReader::announce(const Context& context, std::uint64_t missing_samples) noexcept {
  const GuiMessage& message = context.message;
  const EpochCause cause = std::exchange(pending_epoch_, EpochCause::kNone);
  const std::uint64_t lost = std::exchange(pending_lost_, 0);
  if (cause != EpochCause::kNone) {
    clock_.begin_epoch(message.sample_num, rate_hz_, context.arrival_mono_ns);
    detector_ = -1;  // the GUI's chain may be another one
  }
  const SampleIndex samples = message.kind == MessageKind::kData ? message.num_samples : 0;
  if (tells_samples(message.kind) || !tracker_.confirmed())
    clock_.seen(message.sample_num + samples, context.arrival_mono_ns);
  maker_.announce(cause, lost > 0 ? lost : missing_samples, instant_of(context), context.sink);
  counters_.epochs = maker_.epochs();
  counters_.gaps = maker_.gaps();
}

void OpenEphysReader::spike(const Context& context) noexcept {
  const GuiMessage& message = context.message;
  auto entry = electrodes_.find(message.electrode, message.sorted_id);
  if (of_other_detector(message)) entry.unit = kNoUnit;
  if (entry.unit == kNoUnit) ++counters_.spikes_unmapped;
  const Instant instant = instant_of(context);
  InputEvent event = maker_.at(InputKind::kSpike, instant);
  event.payload.spike = {entry.unit, entry.channel, most_negative(message)};
  maker_.emit(event, instant.own_ns, context.sink);
}

bool OpenEphysReader::of_other_detector(const GuiMessage& message) noexcept {
  if (detector_ < 0) detector_ = message.detector;
  if (message.detector == detector_ || message.detector < 0) return false;
  ++counters_.other_detector;
  return true;
}

TtlInput OpenEphysReader::ttl_of(const GuiMessage& message) noexcept {
  const std::uint64_t line = message.ttl_line < 64 ? std::uint64_t{1} << message.ttl_line : 0;
  ttl_word_ = message.has_ttl_word ? message.ttl_word : (ttl_word_ & ~line) | (message.ttl_state != 0 ? line : 0);
  return {message.ttl_line, message.ttl_state, ttl_word_};
}

void OpenEphysReader::hold(const Context& context) noexcept {
  if (held_count_ == held_.size()) {
    ++counters_.ttl_misplaced;
    return;
  }
  held_[held_count_++] = {context.message.sample_num, context.arrival_mono_ns, ttl_of(context.message)};
}

void OpenEphysReader::release_held(const Context& context) noexcept {
  for (std::size_t i = 0; i < held_count_; ++i) {
    const HeldEdge& edge = held_[i];
    if (StreamTracker::beside(edge.sample, context.message.sample_num, rate_hz_)) {
      emit_ttl({context.message, edge.arrival_mono_ns, context.sink}, edge.sample, edge.ttl);
    } else {
      ++counters_.ttl_misplaced;
    }
  }
  held_count_ = 0;
}

void OpenEphysReader::emit_ttl(const Context& context, SampleIndex sample, const TtlInput& ttl) noexcept {
  const Instant instant{sample, clock_.time_ns(sample), context.arrival_mono_ns};
  InputEvent event = maker_.at(InputKind::kTtl, instant);
  event.payload.ttl = ttl;
  maker_.emit(event, instant.own_ns, context.sink);
}

void OpenEphysReader::imu(const Context& context) noexcept {
  imu_.block(context.message, [&](SampleIndex sample, double angle_rad) noexcept {
    if (std::isnan(angle_rad)) {
      ++counters_.no_direction;
      return;
    }
    ++counters_.headings;
    const Instant instant{sample, clock_.time_ns(sample), context.arrival_mono_ns};
    InputEvent event = maker_.at(InputKind::kHeading, instant);
    event.payload.heading.angle_rad = static_cast<float>(angle_rad);
    maker_.emit(event, instant.own_ns, context.sink);
  });
}

void OpenEphysReader::event_codes(const Context& context, bool broken) noexcept {
  if (broken) codes_.restart();
  codes_.block(context.message.event_codes, [&](std::size_t at, unsigned line, unsigned state, unsigned word) noexcept {
    ++counters_.ttl_received;
    emit_ttl(context, context.message.sample_num + static_cast<SampleIndex>(at),
             {static_cast<std::uint8_t>(line), static_cast<std::uint8_t>(state), word});
  });
}

void OpenEphysReader::data(const Context& context, bool channel_broken) noexcept {
  const GuiMessage& message = context.message;
  event_codes(context, channel_broken);
  imu(context);
  const auto row_bytes = static_cast<std::size_t>(message.num_samples) * sizeof(float);
  bool used = false;
  for (std::int64_t row = 0; row < message.num_channels; ++row) {
    const std::size_t signal = signals_.find(message.channel_name, message.channel_num + row);
    if (signal == SignalSet::kNone) continue;
    used = true;
    if (channel_broken) signals_.break_off(signal);
    const Bytes samples = message.samples.subspan(static_cast<std::size_t>(row) * row_bytes, row_bytes);
    signals_.block(
        signal, message.sample_num, message.num_samples, rate_hz_, context.arrival_mono_ns,
        [samples](std::size_t i) noexcept { return sample_at(samples, i); },
        [this](SampleIndex sample) noexcept { return clock_.time_ns(sample); }, maker_, context.sink);
  }
  if (!used) maker_.tell_time(instant_of(context), context.sink);
  counters_.lfp_blocks = signals_.blocks();
  counters_.bad_samples = signals_.bad_samples();
}

Instant OpenEphysReader::instant_of(const Context& context) const noexcept {
  const SampleIndex sample = context.message.sample_num;
  return {sample, clock_.time_ns(sample), context.arrival_mono_ns};
}

}  // namespace vturn::ingest
