#include "tools/lib/sleep_picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "tools/lib/svg.hpp"

namespace vturn::tools {
namespace {

using svg::Frame;
using svg::label;
using svg::Line;

constexpr double kWidth = 1200.0, kMargin = 60.0;
constexpr double kPlotWidth = kWidth - 2.0 * kMargin;
constexpr std::size_t kColumns = 1000;
constexpr double kZoomS = 3600.0;
constexpr std::size_t kMostFeatures = 5;
constexpr std::array<const char*, kMostFeatures> kColours = {"#1565c0", "#2e7d32", "#6a1b9a", "#ef6c00", "#455a64"};

double level(SleepState state) noexcept {
  switch (state) {
    case SleepState::kWake:
      return 3.0;
    case SleepState::kRem:
      return 2.0;
    case SleepState::kNrem:
      return 1.0;
    default:
      return 0.0;
  }
}

/// Rows of the table that a plot shows, and how many make a column of it.
struct Stretch {
  std::span<const LabelledEpoch> epochs;
  std::span<const SleepDecision> decisions;
  [[nodiscard]] double from_s() const { return epochs.front().t_s; }
  [[nodiscard]] double to_s() const { return std::max(from_s() + 1.0, epochs.back().t_s); }
  [[nodiscard]] std::size_t stride() const { return std::max<std::size_t>(1, epochs.size() / kColumns); }
  [[nodiscard]] Frame frame(double top, double height, double low, double high) const {
    return {kMargin, top, kPlotWidth, height, from_s(), to_s(), low, high};
  }
};

template <class StateAt>
std::string steps(const Stretch& stretch, const Frame& frame, const char* colour, double shift, StateAt state_at) {
  Line line(colour);
  SleepState last = SleepState::kUnknown;
  for (std::size_t i = 0; i < stretch.epochs.size(); ++i) {
    const SleepState state = state_at(i);
    if (i > 0 && state == last && i + 1 < stretch.epochs.size()) continue;
    const double x = frame.at_x(stretch.epochs[i].t_s);
    if (i > 0) line.to(x, frame.at_y(level(last)) + shift, true);
    line.to(x, frame.at_y(level(state)) + shift, true);
    last = state;
  }
  return line.finished();
}

std::string hypnogram(const Stretch& stretch, double top) {
  const Frame frame = stretch.frame(top, 70.0, -0.4, 3.4);
  std::string text = frame.border();
  for (const auto& [name, y] :
       {std::pair{"wake", 3.0}, std::pair{"REM", 2.0}, std::pair{"NREM", 1.0}, std::pair{"none", 0.0}})
    text += label(kMargin - 45.0, frame.at_y(y) + 4.0, name);
  return text + steps(stretch, frame, "#000", -2.0, [&](std::size_t i) { return stretch.epochs[i].stage; }) +
         steps(stretch, frame, "#d32f2f", 2.0, [&](std::size_t i) { return stretch.decisions[i].state; });
}

/// Mean of a feature in each column; the line breaks where there is no value.
std::string feature_line(const Stretch& stretch, SleepFeature feature, const char* colour, double top) {
  double low = 1e300, high = -1e300;
  struct Point {
    double t_s, value;
    bool joined;
  };
  std::vector<Point> points;
  bool joined = false;
  for (std::size_t begin = 0; begin < stretch.epochs.size(); begin += stretch.stride()) {
    double sum = 0.0, n = 0.0;
    for (std::size_t i = begin; i < std::min(begin + stretch.stride(), stretch.epochs.size()); ++i) {
      if (!stretch.epochs[i].frame.has(feature)) continue;
      sum += static_cast<double>(stretch.epochs[i].frame.value(feature));
      n += 1.0;
    }
    if (n > 0.0) points.push_back({stretch.epochs[begin].t_s, sum / n, joined});
    joined = n > 0.0;
    if (!joined) continue;
    low = std::min(low, sum / n);
    high = std::max(high, sum / n);
  }
  if (points.empty()) return "";
  const Frame frame = stretch.frame(top, 45.0, low, std::max(high, low + 1e-6));
  Line line(colour);
  for (const Point& point : points) line.to(frame.at_x(point.t_s), frame.at_y(point.value), point.joined);
  return line.finished() +
         label(4.0, top + 26.0, std::string(kSleepFeatureNames[static_cast<std::size_t>(feature)]), 11);
}

std::string rem_probability(const Stretch& stretch, double top) {
  const Frame frame = stretch.frame(top, 50.0, 0.0, 1.0);
  Line line("#d32f2f");
  for (std::size_t begin = 0; begin < stretch.decisions.size(); begin += stretch.stride()) {
    double most = 0.0;
    for (std::size_t i = begin; i < std::min(begin + stretch.stride(), stretch.decisions.size()); ++i)
      most = std::max(most, stretch.decisions[i].p[2]);
    line.to(frame.at_x(stretch.epochs[begin].t_s), frame.at_y(most), true);
  }
  return frame.border() + label(4.0, top + 30.0, "P(REM)", 11) + line.finished();
}

std::string plots(const Stretch& stretch, const SleepModel& model, const std::string& title, double top) {
  std::string text = label(kMargin, top - 6.0, title) + hypnogram(stretch, top);
  double at = top + 80.0;
  for (std::size_t i = 0; i < std::min(kMostFeatures, model.features.size()); ++i, at += 50.0)
    text += feature_line(stretch, model.features[i], kColours[i], at);
  return text + rem_probability(stretch, at);
}

/// Begin of the hour that holds the most scored REM.
std::size_t most_rem(std::span<const LabelledEpoch> epochs, std::size_t length) {
  std::size_t in_window = 0, most = 0, best = 0;
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    if (epochs[i].stage == SleepState::kRem) ++in_window;
    if (i >= length && epochs[i - length].stage == SleepState::kRem) --in_window;
    if (in_window > most) {
      most = in_window;
      best = i + 1 >= length ? i + 1 - length : 0;
    }
  }
  return best;
}

}  // namespace

std::string sleep_picture(const SleepCalibration& calibration, std::span<const LabelledEpoch> epochs,
                          const std::string& title) {
  const SleepScore& score = calibration.cross_validated;
  const auto hour = std::min(epochs.size(), static_cast<std::size_t>(kZoomS / epoch_length_s(epochs)));
  const std::size_t begin = most_rem(epochs, hour);
  const std::span<const SleepDecision> decisions = calibration.held_out;
  const double height = 150.0 + 50.0 * static_cast<double>(std::min(kMostFeatures, calibration.model.features.size()));
  return svg::head(kWidth, 110.0 + 2.0 * height) + label(kMargin, 26.0, title, 16) +
         label(kMargin, 48.0,
               format("blocks left out: kappa %.3f, REM F1 %.3f, REM onset latency %.1f s (90 %% within %.1f s), %.2f "
                      "false alarms an hour; scored black, decided red",
                      score.kappa, score.rem_f1, score.onset_latency_median_s, score.onset_latency_p90_s,
                      score.false_alarms_per_hour)) +
         plots({epochs, decisions}, calibration.model,
               format("All %.1f h", epochs.back().t_s / 3600.0 - epochs.front().t_s / 3600.0), 80.0) +
         plots({epochs.subspan(begin, hour), decisions.subspan(begin, hour)}, calibration.model,
               format("The hour with the most REM, from %.0f s on", epochs[begin].t_s), 100.0 + height) +
         "</svg>\n";
}

}  // namespace vturn::tools
