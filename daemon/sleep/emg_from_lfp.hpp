#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "daemon/core/input_event.hpp"
#include "daemon/sleep/band_pass.hpp"
#include "daemon/sleep/stimulus_blank.hpp"

namespace vturn {

/// Muscle tone at one point of the 10 Hz grid, as (1 + r) / (1 - r) of the mean correlation r: its logarithm is twice
/// Fisher's z.
struct ToneSnapshot {
  std::int64_t index = INT64_MIN;
  double smoothed = 0.0;
  double fast = 0.0;  ///< of the last 100 ms alone
  bool usable = false;
};

/// EMG from LFP: muscle activity reaches all electrodes alike, while local activity above 300 Hz does not, so the mean
/// pairwise correlation of 300-600 Hz follows the muscles' tone (Schomburg et al. 2014, Watson et al. 2016: there over
/// windows of 1 s around the moment; here causal, the second moments in an exponential average). Two to six channels
/// far apart, of one source, at 1.4 kHz or more. Pure, no allocation, the same bits on every machine.
class EmgFromLfp {
 public:
  static constexpr std::size_t kMaxChannels = 6;
  static constexpr std::size_t kKept = 8;
  static constexpr SessionNs kPieceNs = 100 * kNsPerMs;

  /// `signals`: LfpInput::signal of each channel, others are ignored; fewer than two: nothing is ever computed.
  /// |x| ≥ `saturation_uv` spoils the 100 ms around it.
  void prepare(std::span<const int> signals, double smoothing_s, double saturation_uv) noexcept;
  void reset() noexcept;
  /// `first`: sample number of the block's first sample at the source's own rate, by which channels are aligned.
  void push(const LfpInput& block, SessionNs first_sample_time_ns, SampleIndex first) noexcept;

  /// A stimulus rings at all electrodes alike in what is sampled in (from, until]. Never shortens the blank before.
  void blank(SessionNs from_ns, SessionNs until_ns) noexcept { blank_.add(from_ns, until_ns); }

  [[nodiscard]] bool enabled() const noexcept { return count_ >= 2; }
  [[nodiscard]] std::int64_t newest_index() const noexcept { return newest_; }
  [[nodiscard]] const ToneSnapshot* at(std::int64_t index) const noexcept;

 private:
  static constexpr std::size_t kRing = 2048;
  static constexpr std::size_t kMaxPairs = kMaxChannels * (kMaxChannels - 1) / 2;

  struct Channel {
    int signal = -1;
    BandPass filter;
    std::array<float, kRing> ring{};  ///< by number of the decimated sample
    SampleIndex next = 0;             ///< number of the sample to come
    SampleIndex bad_until = 0;
    SampleIndex last_first = 0;  ///< of the block before, to learn the stride of the decimation
    std::uint16_t last_count = 0;
    bool running = false;
    double baseline = 0.0;
    double last_good = 0.0;
  };
  /// 100 ms of session time, by the reference channel's samples.
  struct Piece {
    std::int64_t index = INT64_MIN;
    SampleIndex begin = 0, end = 0;
  };
  struct Moments {
    std::array<double, kMaxChannels> power{};
    std::array<double, kMaxPairs> product{};
  };

  bool learn_stride(Channel& channel, const LfpInput& block, SampleIndex first) noexcept;
  void design(double rate_hz) noexcept;
  void begin(Channel& channel, SampleIndex number, float value) noexcept;
  void sample(Channel& channel, float value, SessionNs time_ns) noexcept;
  void mark_piece(SampleIndex number, SessionNs time_ns) noexcept;
  void close_pieces() noexcept;
  void close(const Piece& piece) noexcept;
  [[nodiscard]] Moments moments(const Piece& piece) const noexcept;
  [[nodiscard]] double tone(const Moments& moments) const noexcept;
  [[nodiscard]] bool spoilt(const Piece& piece) const noexcept;

  std::array<Channel, kMaxChannels> channels_{};
  std::size_t count_ = 0;
  double smoothing_s_ = 1.0;
  double saturation_uv_ = 0.0;
  double rate_hz_ = 0.0;
  double smoothing_rate_ = 1.0;
  bool possible_ = false;  ///< the band lies below the Nyquist frequency
  SampleIndex stride_ = 0;
  std::array<Piece, kKept> pieces_{};  ///< marked, not closed yet: [first_piece_, last_piece_)
  std::size_t first_piece_ = 0, last_piece_ = 0;
  Piece open_;
  Moments smoothed_{};
  int settle_ = 0;
  StimulusBlank blank_;
  std::array<ToneSnapshot, kKept> kept_{};
  std::int64_t newest_ = INT64_MIN;
};

}  // namespace vturn
