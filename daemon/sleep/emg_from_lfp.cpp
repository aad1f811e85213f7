#include "daemon/sleep/emg_from_lfp.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/math.hpp"
#include "daemon/sleep/grid.hpp"

namespace vturn {
namespace {

constexpr double kLowHz = 300.0;
constexpr double kHighHz = 600.0;
constexpr double kHighestOfRate = 0.45;
constexpr double kLeastWidth = 1.9;  ///< of the band's edges: below, too little of it is left
constexpr double kLargestCorrelation = 0.999;
constexpr double kLargestValue = 1e9;
constexpr int kSettlePieces = 5;
constexpr SampleIndex kSpoiltSamples = 125;  ///< 50 ms at 2.5 kHz: what a filter rings

}  // namespace

void EmgFromLfp::prepare(std::span<const int> signals, double smoothing_s, double saturation_uv) noexcept {
  *this = EmgFromLfp{};
  smoothing_s_ = smoothing_s;
  saturation_uv_ = saturation_uv;
  for (const int signal : signals) {
    if (signal >= 0 && count_ < kMaxChannels) channels_[count_++].signal = signal;
  }
}

void EmgFromLfp::reset() noexcept {
  for (Channel& channel : channels_) {
    channel.running = false;
    channel.last_count = 0;
  }
  for (ToneSnapshot& snapshot : kept_) snapshot.index = INT64_MIN;
  first_piece_ = last_piece_ = 0;
  open_ = Piece{};
  smoothed_ = Moments{};
  stride_ = 0;
  newest_ = INT64_MIN;
}

const ToneSnapshot* EmgFromLfp::at(std::int64_t index) const noexcept {
  const ToneSnapshot& snapshot = kept_[static_cast<std::uint64_t>(index) % kKept];
  return index != INT64_MIN && snapshot.index == index ? &snapshot : nullptr;
}

void EmgFromLfp::design(double rate_hz) noexcept {
  reset();
  rate_hz_ = rate_hz;
  const double high_hz = std::min(kHighHz, kHighestOfRate * rate_hz);
  possible_ = high_hz >= kLeastWidth * kLowHz;
  if (!possible_) return;
  for (Channel& channel : channels_) channel.filter.design(kLowHz, high_hz, rate_hz);
  smoothing_rate_ = 1.0 - math::exp(-seconds(kPieceNs) / smoothing_s_);
}

bool EmgFromLfp::learn_stride(Channel& channel, const LfpInput& block, SampleIndex first) noexcept {
  if (channel.last_count > 0) {
    const SampleIndex passed = first - channel.last_first;
    // A gap makes it look longer, nothing makes it look shorter.
    const bool shorter = stride_ == 0 || passed / channel.last_count < stride_;
    if (passed > 0 && passed % channel.last_count == 0 && shorter) stride_ = passed / channel.last_count;
  }
  channel.last_first = first;
  channel.last_count = block.count;
  return stride_ > 0 && first % stride_ == 0;
}

void EmgFromLfp::begin(Channel& channel, SampleIndex number, float value) noexcept {
  channel.running = true;
  channel.next = number;
  channel.bad_until = number + kSpoiltSamples;
  const auto x = static_cast<double>(value);
  channel.baseline = channel.last_good = std::fabs(x) <= kLargestValue ? x : 0.0;
  channel.filter.reset();
}

void EmgFromLfp::sample(Channel& channel, float value, SessionNs time_ns) noexcept {
  const auto x = static_cast<double>(value);
  const bool finite = std::fabs(x) <= kLargestValue;
  const bool blanked = blank_.holds(time_ns);
  const bool saturated = saturation_uv_ > 0.0 && std::fabs(x) >= saturation_uv_;
  if (!finite || blanked || saturated) channel.bad_until = channel.next + kSpoiltSamples;
  // The value before is held: what all electrodes pick up together never enters a filter.
  if (finite && !blanked) channel.last_good = x;
  const double y = channel.filter.step(channel.last_good - channel.baseline);
  channel.ring[static_cast<std::uint64_t>(channel.next) % kRing] = static_cast<float>(y);
}

void EmgFromLfp::push(const LfpInput& block, SessionNs first_sample_time_ns, SampleIndex first) noexcept {
  const auto found = std::find_if(channels_.begin(), channels_.begin() + static_cast<std::ptrdiff_t>(count_),
                                  [&](const Channel& channel) { return channel.signal == block.signal; });
  if (!enabled() || first < 0 || found == channels_.begin() + static_cast<std::ptrdiff_t>(count_)) return;
  const auto rate_hz = static_cast<double>(block.rate_hz);
  if (!(rate_hz > 0.0 && rate_hz < 1e6)) return;
  if (rate_hz != rate_hz_) design(rate_hz);
  if (!possible_ || !learn_stride(*found, block, first)) return;
  Channel& channel = *found;
  const SampleIndex number = first / stride_;
  if (channel.running && number != channel.next) channel.running = false;
  if (!channel.running) begin(channel, number, block.samples[0]);
  const std::size_t count = std::min<std::size_t>(block.count, kMaxLfpSamples);
  for (std::size_t i = 0; i < count; ++i) {
    const SessionNs time_ns = first_sample_time_ns + static_cast<SessionNs>(static_cast<double>(i) * 1e9 / rate_hz);
    sample(channel, block.samples[i], time_ns);
    if (found == channels_.begin()) mark_piece(channel.next, time_ns);
    ++channel.next;
  }
  close_pieces();
}

void EmgFromLfp::mark_piece(SampleIndex number, SessionNs time_ns) noexcept {
  const std::int64_t index = grid_index(time_ns, kPieceNs);
  if (index == open_.index) {
    open_.end = number + 1;
    return;
  }
  if (open_.index != INT64_MIN) {
    if (last_piece_ - first_piece_ == kKept) ++first_piece_;  // another channel lags: that piece is lost
    pieces_[last_piece_++ % kKept] = open_;
  }
  open_ = {index, number, number + 1};
}

void EmgFromLfp::close_pieces() noexcept {
  for (; first_piece_ < last_piece_; ++first_piece_) {
    const Piece& piece = pieces_[first_piece_ % kKept];
    const bool complete =
        std::all_of(channels_.begin(), channels_.begin() + static_cast<std::ptrdiff_t>(count_),
                    [&](const Channel& channel) { return channel.running && channel.next >= piece.end; });
    if (!complete) return;
    close(piece);
  }
}

bool EmgFromLfp::spoilt(const Piece& piece) const noexcept {
  return std::any_of(channels_.begin(), channels_.begin() + static_cast<std::ptrdiff_t>(count_), [&](const Channel& c) {
    return piece.begin < c.bad_until || c.next - piece.begin > static_cast<SampleIndex>(kRing);
  });
}

EmgFromLfp::Moments EmgFromLfp::moments(const Piece& piece) const noexcept {
  Moments result;
  std::array<double, kMaxChannels> x{};
  for (SampleIndex n = piece.begin; n < piece.end; ++n) {
    std::size_t pair = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      x[i] = static_cast<double>(channels_[i].ring[static_cast<std::uint64_t>(n) % kRing]);
      result.power[i] += x[i] * x[i];
      for (std::size_t j = 0; j < i; ++j) result.product[pair++] += x[i] * x[j];
    }
  }
  return result;
}

double EmgFromLfp::tone(const Moments& moments) const noexcept {
  double sum = 0.0;
  int pairs = 0;
  std::size_t pair = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    for (std::size_t j = 0; j < i; ++j, ++pair) {
      const double power = moments.power[i] * moments.power[j];
      if (!(power > 0.0)) continue;  // a dead channel says nothing
      sum += moments.product[pair] / std::sqrt(power);
      ++pairs;
    }
  }
  if (pairs == 0) return 0.0;
  const double r = std::clamp(sum / pairs, -kLargestCorrelation, kLargestCorrelation);
  return (1.0 + r) / (1.0 - r);
}

void EmgFromLfp::close(const Piece& piece) noexcept {
  ToneSnapshot& snapshot = kept_[static_cast<std::uint64_t>(piece.index) % kKept];
  snapshot = {piece.index, 0.0, 0.0, false};
  newest_ = piece.index;
  if (spoilt(piece)) {
    settle_ = kSettlePieces;
    return;
  }
  const Moments now = moments(piece);
  const auto samples = static_cast<double>(piece.end - piece.begin);
  for (std::size_t i = 0; i < kMaxChannels; ++i)
    smoothed_.power[i] += smoothing_rate_ * (now.power[i] / samples - smoothed_.power[i]);
  for (std::size_t i = 0; i < kMaxPairs; ++i)
    smoothed_.product[i] += smoothing_rate_ * (now.product[i] / samples - smoothed_.product[i]);
  if (settle_ > 0) --settle_;
  snapshot.smoothed = tone(smoothed_);
  snapshot.fast = tone(now);
  snapshot.usable = settle_ == 0 && snapshot.smoothed > 0.0 && snapshot.fast > 0.0;
}

}  // namespace vturn
