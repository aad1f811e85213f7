#include "daemon/ingest/rhx_reader.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <utility>

namespace vturn::ingest {
namespace {

// A spike that waits for a new run comes at most 42 ms before it; after this much nothing explains it but damage.
constexpr std::int64_t kLongestWaitNs = 500 * kNsPerMs;
constexpr std::uint16_t kStimMagnitude = 0x00FF;
constexpr std::size_t kMaxStimColumns = 1024;
// While spikes are lost: within the shortest time that a gap usually inhibits for.
constexpr double kTellLossAgainS = 0.5;

RhxChannel voltage(const SignalSettings& signal, RhxController controller) {
  const auto channel = parse_rhx_channel(signal.channel_name, controller);
  if (!channel) throw std::invalid_argument(channel.error());
  if (!rhx_is_voltage(channel->signal)) {
    throw std::invalid_argument("\"" + signal.channel_name + "\" is no voltage: it cannot be used as a signal");
  }
  return *channel;
}

}  // namespace

RhxReader::RhxReader(RhxReaderSettings settings)
    : settings_(std::move(settings)),
      waveform_(settings_.max_words),
      clock_(settings_.speed),
      electrodes_(settings_.units),
      signals_(settings_.signals),
      maker_(settings_),
      rate_hz_(settings_.sample_rate_hz),
      waiting_(kMaxWaiting) {
  for (const SignalSettings& signal : settings_.signals)
    signal_channels_.push_back(voltage(signal, settings_.controller));
  wanted_.reserve(signal_channels_.size());
  stims_.reserve(kMaxStimColumns);
  set_columns(settings_.columns);
}

void RhxReader::set_columns(std::span<const RhxChannel> columns) noexcept {
  columns_ = columns.size();
  wanted_.clear();
  stims_.clear();
  const auto column_of = [columns](const RhxChannel& channel) {
    const auto found = std::find(columns.begin(), columns.end(), channel);
    return found == columns.end() ? kNoColumn : static_cast<std::size_t>(found - columns.begin());
  };
  for (std::size_t i = 0; i < signal_channels_.size(); ++i) {
    const RhxSignal kind = signal_channels_[i].signal;
    const std::size_t column = column_of(signal_channels_[i]);
    if (column == kNoColumn) continue;
    wanted_.push_back({i, column, rhx_scale(kind, settings_.controller), rhx_once_a_block(kind)});
  }
  digital_in_ = column_of({RhxSignal::kDigitalIn, 0, 0});
  digital_out_ = column_of({RhxSignal::kDigitalOut, 0, 0});
  for (std::size_t column = 0; column < columns.size() && stims_.size() < kMaxStimColumns; ++column) {
    if (columns[column].signal == RhxSignal::kStim) stims_.push_back({columns[column], column});
  }
  waveform_.expect(columns_);
  in_doubt_ = false;
  words_seen_ = false;
  signals_.break_off_all();
}

void RhxReader::waveform(Bytes bytes, MonoNs arrival_mono_ns, EventSink& sink) noexcept {
  while (!bytes.empty()) {
    bytes = bytes.subspan(waveform_.store(bytes));
    RhxBlock next;
    while (waveform_.next(next)) block(next, arrival_mono_ns, sink);
  }
}

void RhxReader::spikes(Bytes bytes, MonoNs arrival_mono_ns, EventSink& sink) noexcept {
  while (!bytes.empty()) {
    bytes = bytes.subspan(spikes_.store(bytes));
    RhxSpike next;
    while (spikes_.next(next)) spike(next, arrival_mono_ns, sink);
  }
}

void RhxReader::stalled() noexcept {
  waveform_.break_off();
  spikes_.break_off();
  clock_.force_epoch();
}

void RhxReader::spikes_connected() noexcept {
  spikes_.break_off();
  spikes_back();
}

void RhxReader::spikes_lost() noexcept {
  if (spike_flow_ == SpikeFlow::kFlows) spikes_told_ = tell_again_ = clock_.next_sample();
  spike_flow_ = SpikeFlow::kLost;
}

void RhxReader::spikes_back() noexcept {
  const bool before_any_frame = clock_.next_sample() == 0;
  if (spike_flow_ == SpikeFlow::kLost) spike_flow_ = before_any_frame ? SpikeFlow::kFlows : SpikeFlow::kBack;
}

std::int64_t RhxReader::lag_samples(std::uint32_t current_timestamp) const noexcept {
  return static_cast<std::int32_t>(current_timestamp - static_cast<std::uint32_t>(clock_.next_sample()));
}

void RhxReader::block(const RhxBlock& block, MonoNs arrival_mono_ns, EventSink& sink) noexcept {
  words_ = block.words();
  if (rate_hz_ <= 0) {
    ++counters_.blocks_without_rate;
    return;
  }
  std::size_t count = 0;
  for (std::size_t first = 0; first < kRhxFramesPerBlock; first += count) {
    count = block.contiguous(first);
    const auto frames = static_cast<std::uint32_t>(count);
    const RhxStep step = clock_.frames(block.timestamp(first), frames, rate_hz_, arrival_mono_ns);
    stretch({block, first, count, step.first, arrival_mono_ns, sink}, step);
  }
  const bool waited_long =
      waiting_count_ > 0 && arrival_mono_ns - waiting_[waiting_first_].arrival_mono_ns > kLongestWaitNs;
  if (waited_long) {
    clock_.settle_spikes(waiting_[waiting_first_].spike.timestamp);
    release_waiting(sink);
  }
}

void RhxReader::stretch(const Stretch& frames, const RhxStep& step) noexcept {
  const Instant begin = instant(step.first, frames.arrival_mono_ns);
  const std::uint64_t lost = missing(frames, step);
  counters_.missing_samples += lost;
  if (step.taken_over) maker_.announce(EpochCause::kStart, 0, begin, frames.sink);
  maker_.announce(step.epoch, lost, begin, frames.sink);
  counters_.epochs = maker_.epochs();
  counters_.gaps = maker_.gaps();
  if (step.epoch != EpochCause::kNone || step.taken_over) release_waiting(frames.sink);
  if (step.broken) {
    signals_.break_off_all();
    words_seen_ = false;
  }
  if (columns_known(frames)) columns_use(frames);
  maker_.tell_time(begin, frames.sink);
}

/// Samples to tell of now: those that never came, and those that came without their spikes.
std::uint64_t RhxReader::missing(const Stretch& frames, const RhxStep& step) noexcept {
  if (spike_flow_ == SpikeFlow::kFlows) return step.missing;
  const SampleIndex end = frames.sample + static_cast<SampleIndex>(frames.count);
  const bool new_epoch = step.epoch != EpochCause::kNone;
  const bool back = spike_flow_ == SpikeFlow::kBack;
  if (!new_epoch && !back && step.missing == 0 && end < tell_again_) return 0;
  const SampleIndex from = new_epoch ? frames.sample - static_cast<SampleIndex>(step.missing) : spikes_told_;
  spikes_told_ = end;
  tell_again_ = end + static_cast<SampleIndex>(kTellLossAgainS * rate_hz_);
  if (back) spike_flow_ = SpikeFlow::kFlows;
  return static_cast<std::uint64_t>(end - from);
}

bool RhxReader::columns_known(const Stretch& frames) noexcept {
  const bool wanted = !signal_channels_.empty() || digital_in_ != kNoColumn;
  if (frames.block.words() != columns_ && !std::exchange(in_doubt_, true)) {
    ++counters_.column_changes;
    if (wanted && !std::exchange(refusal_told_, true)) {
      maker_.change(SourceChange::kRefused, EpochCause::kNone, 1, instant(frames.sample, frames.arrival_mono_ns),
                    frames.sink);
    }
  }
  if (in_doubt_) {
    if (frames.first == 0) ++counters_.blocks_without_columns;
    return false;
  }
  if (std::exchange(refusal_told_, false)) {
    maker_.change(SourceChange::kUp, EpochCause::kNone, 0, instant(frames.sample, frames.arrival_mono_ns), frames.sink);
  }
  return true;
}

void RhxReader::columns_use(const Stretch& frames) noexcept {
  if (digital_in_ != kNoColumn) digital_in(frames);
  if (settings_.outputs != nullptr) {
    if (digital_out_ != kNoColumn) digital_out(frames);
    for (StimColumn& column : stims_) stim(frames, column);
  }
  words_seen_ = true;
  for (const Wanted& wanted : wanted_) {
    if (!wanted.once_a_block) signal_block(frames, wanted);
    if (wanted.once_a_block && frames.first == 0) single_value(frames, wanted);
  }
  counters_.lfp_blocks += signals_.blocks() - std::exchange(decimated_blocks_, signals_.blocks());
}

void RhxReader::signal_block(const Stretch& frames, const Wanted& wanted) noexcept {
  signals_.block(
      wanted.signal, frames.sample, static_cast<std::int64_t>(frames.count), rate_hz_, frames.arrival_mono_ns,
      [&](std::size_t i) { return wanted.scale(frames.block.word(frames.first + i, wanted.column)); },
      [this](SampleIndex sample) { return clock_.time_ns(sample); }, maker_, frames.sink);
}

/// As it is, at the rate of blocks: RHX repeats auxiliary samples, and only a block's first frame has the right one.
void RhxReader::single_value(const Stretch& frames, const Wanted& wanted) noexcept {
  const Instant begin = instant(frames.sample, frames.arrival_mono_ns);
  InputEvent event = maker_.at(InputKind::kLfp, begin);
  const double rate_hz = rate_hz_ / static_cast<double>(kRhxFramesPerBlock);
  event.payload.lfp = {signals_.settings(wanted.signal).signal, 1, static_cast<float>(rate_hz), {}};
  event.payload.lfp.samples[0] = wanted.scale(frames.block.word(0, wanted.column));
  ++counters_.lfp_blocks;
  maker_.emit(event, begin.own_ns, frames.sink);
}

void RhxReader::digital_in(const Stretch& frames) noexcept {
  for (std::size_t i = 0; i < frames.count; ++i) {
    const std::uint16_t word = frames.block.word(frames.first + i, digital_in_);
    const auto changed = static_cast<std::uint16_t>((word ^ std::exchange(in_word_, word)) & settings_.ttl_lines);
    if (!words_seen_ && i == 0) continue;
    for (unsigned left = changed; left != 0; left &= left - 1) {
      const auto line = static_cast<std::uint8_t>(std::countr_zero(left));
      const Instant when = instant(frames.sample + static_cast<SampleIndex>(i), frames.arrival_mono_ns);
      InputEvent event = maker_.at(InputKind::kTtl, when);
      event.payload.ttl = {line, static_cast<std::uint8_t>(word >> line & 1U), word};
      ++counters_.ttl_edges;
      maker_.emit(event, when.own_ns, frames.sink);
    }
  }
}

void RhxReader::digital_out(const Stretch& frames) noexcept {
  for (std::size_t i = 0; i < frames.count; ++i) {
    const std::uint16_t word = frames.block.word(frames.first + i, digital_out_);
    const unsigned changed = word ^ std::exchange(out_word_, word);
    if (!words_seen_ && i == 0) continue;
    for (unsigned left = changed; left != 0; left &= left - 1) {
      const auto line = static_cast<std::uint16_t>(std::countr_zero(left));
      tell_output(frames, i, {RhxSignal::kDigitalOut, 0, line}, word, (word >> line & 1U) != 0);
    }
  }
}

void RhxReader::stim(const Stretch& frames, StimColumn& stim) noexcept {
  for (std::size_t i = 0; i < frames.count; ++i) {
    const std::uint16_t word = frames.block.word(frames.first + i, stim.column);
    const bool on = (word & kStimMagnitude) != 0;
    if (std::exchange(stim.on, on) == on || (!words_seen_ && i == 0)) continue;
    tell_output(frames, i, stim.channel, word, on);
  }
}

void RhxReader::tell_output(const Stretch& frames, std::size_t frame, const RhxChannel& channel, std::uint16_t word,
                            bool on) noexcept {
  const SampleIndex sample = frames.sample + static_cast<SampleIndex>(frame);
  settings_.outputs->output_edge({channel, on, word, sample, clock_.time_ns(sample), frames.arrival_mono_ns});
}

void RhxReader::spike(const RhxSpike& spike, MonoNs arrival_mono_ns, EventSink& sink) noexcept {
  if (spike.artefact()) {
    ++counters_.spike_artefacts;
    return;
  }
  place(spike, arrival_mono_ns, sink);
}

void RhxReader::place(const RhxSpike& spike, MonoNs arrival_mono_ns, EventSink& sink) noexcept {
  using Place = RhxSpikeInstant::Place;
  const RhxSpikeInstant when = clock_.spike(spike.timestamp, arrival_mono_ns);
  if (when.place == Place::kWait) return wait(spike, arrival_mono_ns);
  if (when.place == Place::kNowhere) {
    ++counters_.spikes_unplaced;
    return;
  }
  const auto entry = electrodes_.find(spike.channel(), spike.id);
  if (entry.unit == kNoUnit) ++counters_.spikes_unmapped;
  InputEvent event = maker_.at(InputKind::kSpike, {when.sample, when.own_ns, arrival_mono_ns});
  event.payload.spike = {entry.unit, entry.channel, 0.0F};
  ++counters_.spikes;
  maker_.emit(event, when.own_ns, sink);
}

void RhxReader::wait(const RhxSpike& spike, MonoNs arrival_mono_ns) noexcept {
  if (waiting_count_ == kMaxWaiting) {
    waiting_first_ = (waiting_first_ + 1) % kMaxWaiting;
    --waiting_count_;
    ++counters_.spikes_unplaced;
  }
  waiting_[(waiting_first_ + waiting_count_++) % kMaxWaiting] = {spike, arrival_mono_ns};
}

void RhxReader::release_waiting(EventSink& sink) noexcept {
  // One that has to go on waiting comes in again at the end.
  for (std::size_t left = waiting_count_; left > 0; --left) {
    const WaitingSpike waited = waiting_[waiting_first_];
    waiting_first_ = (waiting_first_ + 1) % kMaxWaiting;
    --waiting_count_;
    const std::uint64_t before = counters_.spikes;
    place(waited.spike, waited.arrival_mono_ns, sink);
    counters_.spikes_waited += counters_.spikes - before;
  }
}

}  // namespace vturn::ingest
