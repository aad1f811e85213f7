#include "tools/recordings/pulse_alignment.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace vturn::recordings {
namespace {

constexpr std::size_t kFewestPulses = 3;
constexpr std::int64_t kLargestShift = 2000;
/// Pulses looked at when shifts are compared.
constexpr std::size_t kLookedAt = 400;
constexpr double kLargestDrift = 0.01;
constexpr double kLargestErrorS = 0.010;
/// A second way of matching that is nearly as good makes the first one a guess.
constexpr double kClearlyBetter = 4.0;
constexpr double kIndistinctS = 0.001;

/// Pulse i of the tracker is pulse i + shift of the recording.
struct Overlap {
  std::size_t begin = 0, count = 0;
};

Overlap overlap(std::size_t recording, std::size_t tracker, std::int64_t shift) {
  const auto begin = std::max<std::int64_t>(0, -shift);
  const auto end = std::min(static_cast<std::int64_t>(tracker), static_cast<std::int64_t>(recording) - shift);
  if (end <= begin) return {};
  return {static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)};
}

/// The least-squares line through every `step`-th pair, and how far the worst of them lies from it.
std::optional<PulseAlignment> fit(std::span<const double> recording, std::span<const double> tracker,
                                  std::int64_t shift, std::size_t most) {
  const Overlap pairs = overlap(recording.size(), tracker.size(), shift);
  const std::size_t least = std::min(recording.size(), tracker.size());
  if (pairs.count < kFewestPulses || 5 * pairs.count < 4 * least) return std::nullopt;
  const std::size_t step = std::max<std::size_t>(1, pairs.count / most);
  const auto x = [&](std::size_t i) { return tracker[pairs.begin + i] - tracker[pairs.begin]; };
  const auto y = [&](std::size_t i) {
    return recording[static_cast<std::size_t>(static_cast<std::int64_t>(pairs.begin + i) + shift)];
  };
  double n = 0, sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;
  const double y0 = y(0);
  for (std::size_t i = 0; i < pairs.count; i += step, n += 1) {
    sum_x += x(i);
    sum_y += y(i) - y0;
    sum_xx += x(i) * x(i);
    sum_xy += x(i) * (y(i) - y0);
  }
  const double spread = n * sum_xx - sum_x * sum_x;
  if (!(spread > 0.0)) return std::nullopt;
  PulseAlignment line;
  line.rate = (n * sum_xy - sum_x * sum_y) / spread;
  const double at_first = y0 + (sum_y - line.rate * sum_x) / n;
  line.offset_s = at_first - line.rate * tracker[pairs.begin];
  line.pulses = pairs.count;
  for (std::size_t i = 0; i < pairs.count; i += step) {
    line.largest_error_s = std::max(line.largest_error_s, std::fabs(y(i) - (at_first + line.rate * x(i))));
  }
  if (std::fabs(line.rate - 1.0) > kLargestDrift) return std::nullopt;
  return line;
}

Error error(const std::string& what) { return {"the pulses of the tracker and of the recording " + what}; }

std::string numbers(std::size_t recording, std::size_t tracker) {
  return "(" + std::to_string(tracker) + " and " + std::to_string(recording) + ")";
}

}  // namespace

Expected<PulseAlignment> align_pulses(std::span<const double> recording_s, std::span<const double> tracker_s) {
  if (recording_s.size() < kFewestPulses || tracker_s.size() < kFewestPulses) {
    return error("are too few " + numbers(recording_s.size(), tracker_s.size()) + ": three are needed");
  }
  std::optional<std::int64_t> best;
  double best_error = std::numeric_limits<double>::infinity(), second_error = best_error;
  for (std::int64_t shift = -kLargestShift; shift <= kLargestShift; ++shift) {
    const auto line = fit(recording_s, tracker_s, shift, kLookedAt);
    if (!line) continue;
    if (line->largest_error_s < best_error) {
      second_error = best_error;
      best_error = line->largest_error_s;
      best = shift;
    } else {
      second_error = std::min(second_error, line->largest_error_s);
    }
  }
  if (!best) return error("do not match " + numbers(recording_s.size(), tracker_s.size()));
  if (second_error < kClearlyBetter * best_error + kIndistinctS) {
    if (recording_s.size() != tracker_s.size()) {
      return error("are regular and not of the same number " + numbers(recording_s.size(), tracker_s.size()) +
                   ": which belongs to which cannot be told; cut both to the same pulses, or use irregular ones");
    }
    best = 0;
  }
  const auto line = fit(recording_s, tracker_s, *best, tracker_s.size());
  if (!line || line->largest_error_s > kLargestErrorS) {
    return error("do not lie on one line " + numbers(recording_s.size(), tracker_s.size()) +
                 (line ? ": one is off by " + std::to_string(line->largest_error_s * 1e3) + " ms" : "") +
                 ": one was missed in between, or they are not the same pulses");
  }
  return *line;
}

}  // namespace vturn::recordings
