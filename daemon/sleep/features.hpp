#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "daemon/core/input_event.hpp"
#include "daemon/sleep/emg_from_lfp.hpp"
#include "daemon/sleep/signal_powers.hpp"
#include "daemon/sleep/sleep_features.hpp"

namespace vturn {

inline constexpr int kNoSignal = -1;

/// Which signals (LfpInput::signal) mean what. Any may be kNoSignal; theta and slow may be the same one.
struct FeatureSettings {
  int theta = kNoSignal;  ///< hippocampal or other theta channel: theta, gamma (and all bands when slow is absent)
  int slow = kNoSignal;   ///< cortical slow-wave channel: delta, sigma, beta (and all bands when theta is absent)
  int emg = kNoSignal;
  std::array<int, 3> motion = {kNoSignal, kNoSignal, kNoSignal};  ///< accelerometer axes
  /// Channels far apart whose common 300-600 Hz tells muscle tone; two or more.
  std::array<int, EmgFromLfp::kMaxChannels> emg_lfp = {kNoSignal, kNoSignal, kNoSignal,
                                                       kNoSignal, kNoSignal, kNoSignal};
  double smoothing_s = 0.75;      ///< τ of the power average
  double saturation_uv = 6000.0;  ///< |x| at or above this is saturation (RHD2000 headstages clip at 6389 μV)
};

/// Causal band powers on a fixed 10 Hz grid of session time (multiples of 100 ms): 4th-order Butterworth band-pass,
/// square, exponential average, log. Bands in Hz: delta 1-4, theta 5-10, sigma 10-15, beta 15-30, gamma 30-90, EMG
/// 30-300; accelerometer: 1-90 of each axis, summed (upper edges: at most 0.45 of the signal's rate). Pure,
/// bit-identical on every machine, no allocation. A signal's features are missing until its filters have settled (2 s),
/// while it is flat, and for half a second after an artefact.
class FeatureExtractor {
 public:
  static constexpr SessionNs kFrameNs = 100 * kNsPerMs;

  void prepare(const FeatureSettings& settings) noexcept;
  /// Forgets signals and powers: a new epoch or a gap in the data. Frames come again once the filters have settled.
  void gap() noexcept;
  /// Decimated samples of one signal, in order of time per signal; the filters are designed for the rate it names.
  /// `first`: number of the first sample at its source's own rate; without it there is no EMG from LFP.
  void push(const LfpInput& block, SessionNs first_sample_time_ns, SampleIndex first = -1) noexcept;
  /// A stimulus rings in the brain's and the muscles' signals in (from, until].
  void blank(SessionNs from_ns, SessionNs until_ns) noexcept;
  /// Of each of the signals of FeatureSettings, but those of EMG from LFP.
  /// No signal has delivered for long: told so in their quality.
  void silent() noexcept;
  [[nodiscard]] std::span<const SignalQuality> quality() const noexcept { return {quality_.data(), signal_count_}; }
  /// The next frame of the grid when all signals have passed it, or when one lags by more than kMaxLag frames (its
  /// features are then missing). False when none is ready.
  bool next(FeatureFrame& frame) noexcept;

 private:
  static constexpr std::int64_t kMaxLag = 3;
  static constexpr std::int64_t kNoFrame = INT64_MIN;

  void add_signal(int signal, SignalRole role, SleepFeatureMask bands) noexcept;
  [[nodiscard]] std::int64_t newest() const noexcept;
  [[nodiscard]] bool ready(std::int64_t index) const noexcept;
  [[nodiscard]] FeatureFrame assemble(std::int64_t index) const noexcept;
  void rate_signals(std::int64_t index) noexcept;
  void add_tone(std::int64_t index, FeatureFrame& frame) const noexcept;

  std::array<SignalPowers, kMaxSleepSignals> signals_{};
  std::array<SignalQuality, kMaxSleepSignals> quality_{};
  std::array<int, kMaxSleepSignals> problem_frames_{};  ///< for how many more the problem is told
  EmgFromLfp tone_;
  std::size_t signal_count_ = 0;
  std::size_t axes_ = 0;
  FeatureSettings settings_{};
  std::int64_t next_index_ = kNoFrame;
};

}  // namespace vturn
