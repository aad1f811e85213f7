#include "daemon/decode/tracker_check.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "daemon/core/angle.hpp"

namespace vturn {
namespace {

constexpr SessionNs kWindowNs = 200 * kNsPerMs;
constexpr SessionNs kHoleNs = kNsPerS;
constexpr double kTurning = 0.5;  ///< rad/s: slower windows tell nothing about the side

double step_rad(const HeadingSample& from, const HeadingSample& to) {
  return angle_difference(static_cast<double>(to.angle_rad), static_cast<double>(from.angle_rad));
}

std::string text(const char* format, double value) {
  char line[256];
  std::snprintf(line, sizeof line, format, value);
  return line;
}

/// Mean rotation of the gyroscope over a window; nothing when it has no row there.
std::optional<double> mean_velocity(std::span<const GyroscopeSample> gyroscope, std::size_t& next, SessionNs from_ns,
                                    SessionNs to_ns) {
  while (next < gyroscope.size() && gyroscope[next].time_ns < from_ns) ++next;
  double sum = 0.0;
  std::size_t rows = 0;
  for (; next < gyroscope.size() && gyroscope[next].time_ns < to_ns; ++next, ++rows)
    sum += static_cast<double>(gyroscope[next].angular_velocity_rad_s);
  if (rows == 0) return std::nullopt;
  return sum / static_cast<double>(rows);
}

}  // namespace

std::optional<std::string> tracker_problem(std::span<const HeadingSample> heading) {
  constexpr double kMostStill = 0.9, kMostJumps = 0.1, kJumpRad = kPi / 2.0;
  std::size_t still = 0, jumps = 0, steps = 0;
  for (std::size_t row = 1; row < heading.size(); ++row) {
    if (heading[row].time_ns - heading[row - 1].time_ns > kHoleNs) continue;
    const double size_rad = std::fabs(step_rad(heading[row - 1], heading[row]));
    still += size_rad == 0.0 ? 1 : 0;
    jumps += size_rad > kJumpRad ? 1 : 0;
    ++steps;
  }
  if (steps == 0) return std::nullopt;
  const auto share = [steps](std::size_t count) { return static_cast<double>(count) / static_cast<double>(steps); };
  if (share(still) > kMostStill) {
    return text("the tracker is dead or frozen: in %.0f %% of its rows the heading does not change at all",
                100.0 * share(still));
  }
  if (share(jumps) > kMostJumps) {
    return text("the tracker is lost: in %.0f %% of its rows the heading jumps by more than 90 degrees",
                100.0 * share(jumps));
  }
  return std::nullopt;
}

HandednessCheck compare_with_gyroscope(std::span<const HeadingSample> heading,
                                       std::span<const GyroscopeSample> gyroscope) {
  HandednessCheck check;
  double both = 0.0, track = 0.0, gyro = 0.0;
  std::size_t next = 0;
  for (std::size_t row = 0; row + 1 < heading.size();) {
    // A window of rows without a hole, its rotation summed step by step so that it may exceed half a turn.
    std::size_t end = row;
    double rotated_rad = 0.0;
    while (end + 1 < heading.size() && heading[end].time_ns - heading[row].time_ns < kWindowNs &&
           heading[end + 1].time_ns - heading[end].time_ns <= kHoleNs) {
      rotated_rad += step_rad(heading[end], heading[end + 1]);
      ++end;
    }
    const SessionNs length_ns = heading[end].time_ns - heading[row].time_ns;
    const auto turned = mean_velocity(gyroscope, next, heading[row].time_ns, heading[end].time_ns);
    if (turned && length_ns >= kWindowNs / 2 && length_ns <= 2 * kWindowNs) {
      const double tracked = rotated_rad / seconds(length_ns);
      both += tracked * *turned;
      track += tracked * tracked;
      gyro += *turned * *turned;
      if (std::fabs(tracked) > kTurning || std::fabs(*turned) > kTurning) ++check.windows;
    }
    row = std::max(end, row + 1);
  }
  check.correlation = track > 0.0 && gyro > 0.0 ? both / std::sqrt(track * gyro) : 0.0;
  return check;
}

std::vector<ExampleTurn> example_turns(std::span<const HeadingSample> heading, std::size_t count) {
  std::vector<ExampleTurn> turns;
  double angle_rad = 0.0;
  std::size_t from = 0;
  for (std::size_t row = 1; row < heading.size(); ++row) {
    if (heading[row].time_ns - heading[row - 1].time_ns > kHoleNs) {
      from = row;
      angle_rad = 0.0;
      continue;
    }
    angle_rad += step_rad(heading[row - 1], heading[row]);
    for (; heading[row].time_ns - heading[from].time_ns > kNsPerS; ++from)
      angle_rad -= step_rad(heading[from], heading[from + 1]);
    const ExampleTurn turn{seconds(heading[from].time_ns), seconds(heading[row].time_ns - heading[from].time_ns),
                           angle_rad};
    const bool overlaps = !turns.empty() && turn.at_s < turns.back().at_s + turns.back().duration_s + 1.0;
    if (!overlaps)
      turns.push_back(turn);
    else if (std::fabs(turn.angle_rad) > std::fabs(turns.back().angle_rad))
      turns.back() = turn;
  }
  std::stable_sort(turns.begin(), turns.end(), [](const ExampleTurn& a, const ExampleTurn& b) {
    return std::fabs(a.angle_rad) > std::fabs(b.angle_rad);
  });
  turns.resize(std::min(turns.size(), count));
  return turns;
}

}  // namespace vturn
