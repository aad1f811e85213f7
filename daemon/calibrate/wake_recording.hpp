#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "daemon/decode/calibration.hpp"
#include "daemon/decode/circle.hpp"

namespace vturn::calibrate {

struct RecordingLimits {
  std::size_t spikes = 4'000'000;  ///< 64 MB: an hour of 1000 spikes a second
  std::size_t headings = 400'000;  ///< an hour of 100 rows a second
};

/// How far a recording of wake has come.
struct RecordingProgress {
  double heading_s = 0.0;  ///< tracked; holes above a quarter of a second do not count
  std::uint64_t spikes = 0;
  std::uint64_t headings = 0;
  std::uint32_t units = 0;                         ///< seen
  std::uint32_t units_ready = 0;                   ///< with the spikes that calibration asks of a unit
  std::array<float, circle::kSectors> sector_s{};  ///< tracked heading in each 30 degrees, the first from 0 on
  std::uint64_t refused = 0;                       ///< spikes and headings that came when it was full
  [[nodiscard]] bool full() const noexcept { return refused > 0; }
};

/// Spikes and tracked heading of wake, collected for calibration: memory for all of it is there from the start.
class WakeRecording {
 public:
  explicit WakeRecording(const CalibrationSettings& asked, const RecordingLimits& limits = {});

  /// Forgets everything, keeps the memory.
  void clear() noexcept;
  void spike(SessionNs time_ns, UnitId unit);
  void heading(SessionNs time_ns, float angle_rad);

  [[nodiscard]] const RecordingProgress& progress() const noexcept { return progress_; }
  /// What calibration would refuse it for now, for people; empty when it may be tried. The cells' tuning and the error
  /// are only known once it has been fitted.
  [[nodiscard]] std::string missing() const;

  /// By time, as calibration asks for: a late spike and a datagram that was overtaken stand where they came.
  void sort();
  [[nodiscard]] std::span<const SpikeSample> spikes() const noexcept { return spikes_; }
  [[nodiscard]] std::span<const HeadingSample> headings() const noexcept { return headings_; }

 private:
  CalibrationSettings asked_;
  RecordingLimits limits_;
  std::vector<SpikeSample> spikes_;
  std::vector<HeadingSample> headings_;
  std::vector<std::uint32_t> spikes_of_unit_;
  RecordingProgress progress_;
};

/// The model that `vturn calibrate heading` would make of it, thresholds of turns included. `keep_going` is told the
/// share done and returns false to stop.
Expected<HeadingModel> fit_model(const WakeRecording& recording, const CalibrationSettings& settings,
                                 Handedness handedness, const KeepGoing& keep_going);

}  // namespace vturn::calibrate
