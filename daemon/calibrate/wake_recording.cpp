#include "daemon/calibrate/wake_recording.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "daemon/calibrate/animal_thresholds.hpp"
#include "daemon/decode/circle.hpp"

namespace vturn::calibrate {
namespace {

constexpr SessionNs kHoleNs = kNsPerS / 4;
/// Of the time that a fit takes; the rest goes into the thresholds of turns.
constexpr double kTuningShare = 0.6;

[[gnu::format(printf, 2, 3)]] void add(std::string& list, const char* pattern, ...) {
  std::array<char, 128> text{};
  va_list values;
  va_start(values, pattern);
  std::vsnprintf(text.data(), text.size(), pattern, values);
  va_end(values);
  list += (list.empty() ? "" : "; ") + std::string(text.data());
}

/// "45, 75 and 105 degrees"
std::string unvisited(const RecordingProgress& progress, double least_s) {
  std::vector<std::string> middles;
  for (std::size_t i = 0; i < circle::kSectors; ++i) {
    if (static_cast<double>(progress.sector_s[i]) < least_s) middles.push_back(std::to_string(30 * i + 15));
  }
  std::string list;
  for (std::size_t i = 0; i < middles.size(); ++i) {
    list += (i == 0 ? "" : i + 1 < middles.size() ? ", " : " and ") + middles[i];
  }
  return list;
}

}  // namespace

WakeRecording::WakeRecording(const CalibrationSettings& asked, const RecordingLimits& limits)
    : asked_(asked), limits_(limits), spikes_of_unit_(kMaxUnits, 0) {
  spikes_.reserve(limits.spikes);
  headings_.reserve(limits.headings);
}

void WakeRecording::clear() noexcept {
  spikes_.clear();
  headings_.clear();
  std::fill(spikes_of_unit_.begin(), spikes_of_unit_.end(), 0);
  progress_ = {};
}

void WakeRecording::spike(SessionNs time_ns, UnitId unit) {
  if (unit >= kMaxUnits) return;
  if (spikes_.size() == limits_.spikes) {
    ++progress_.refused;
    return;
  }
  spikes_.push_back({time_ns, unit});
  ++progress_.spikes;
  const std::uint32_t count = ++spikes_of_unit_[unit];
  if (count == 1) ++progress_.units;
  if (count == std::max<std::uint64_t>(1, asked_.min_spikes_per_unit)) ++progress_.units_ready;
}

void WakeRecording::heading(SessionNs time_ns, float angle_rad) {
  if (headings_.size() == limits_.headings) {
    ++progress_.refused;
    return;
  }
  if (!headings_.empty()) {
    const SessionNs since_ns = time_ns - headings_.back().time_ns;
    if (since_ns > 0 && since_ns <= kHoleNs) {
      progress_.heading_s += seconds(since_ns);
      progress_.sector_s[circle::sector_of(static_cast<double>(angle_rad))] += static_cast<float>(seconds(since_ns));
    }
  }
  headings_.push_back({time_ns, angle_rad});
  ++progress_.headings;
}

std::string WakeRecording::missing() const {
  std::string list;
  if (progress_.headings == 0) {
    add(list, "no tracked heading has come yet");
  } else if (progress_.heading_s < asked_.min_duration_s) {
    add(list, "%.0f s of tracked heading, of %.0f", progress_.heading_s, asked_.min_duration_s);
  }
  if (progress_.units_ready < asked_.min_units) {
    add(list, "%u units with %llu spikes, of %zu", progress_.units_ready,
        static_cast<unsigned long long>(asked_.min_spikes_per_unit), asked_.min_units);
  }
  const std::string sectors = progress_.headings == 0 ? "" : unvisited(progress_, asked_.min_occupancy_s);
  if (!sectors.empty()) add(list, "%.0f s each of heading around %s degrees", asked_.min_occupancy_s, sectors.c_str());
  return list;
}

void WakeRecording::sort() {
  const auto earlier = [](const auto& a, const auto& b) { return a.time_ns < b.time_ns; };
  if (!std::is_sorted(spikes_.begin(), spikes_.end(), earlier)) {
    std::stable_sort(spikes_.begin(), spikes_.end(), earlier);
  }
  if (!std::is_sorted(headings_.begin(), headings_.end(), earlier)) {
    std::stable_sort(headings_.begin(), headings_.end(), earlier);
  }
}

Expected<HeadingModel> fit_model(const WakeRecording& recording, const CalibrationSettings& settings,
                                 Handedness handedness, const KeepGoing& keep_going) {
  bool goes_on = true;
  auto model = calibrate_heading(recording.spikes(), recording.headings(), settings,
                                 [&](double share) { return goes_on = keep_going(kTuningShare * share); });
  if (!model || !goes_on) return model;
  model->handedness = handedness;
  model->hash = model_hash(*model);
  const auto thresholds = animal_thresholds(*model, recording.spikes(), recording.headings(), [&](double share) {
    return goes_on = keep_going(kTuningShare + (1.0 - kTuningShare) * share);
  });
  model->turn_thresholds = thresholds.rows;
  model->cusum_thresholds = thresholds.cusum_rows;
  if (!goes_on) return Error{"stopped before the end; no model was made"};
  return model;
}

}  // namespace vturn::calibrate
