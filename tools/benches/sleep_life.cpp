#include "tools/benches/sleep_life.hpp"

#include <algorithm>
#include <cmath>

#include "tools/simulation/front_end.hpp"

namespace vturn::benches {
namespace {

using simulation::Bout;
using simulation::Hypnogram;

constexpr SessionNs kRowNs = kNsPerS;
constexpr double kBlockS = 0.1;
/// Scorer and body agree within this on when an animal woke.
constexpr double kNearMarkS = 8.0;

std::vector<TruthEpoch> truth_of(const Hypnogram& night) {
  std::vector<TruthEpoch> truth;
  for (const Bout& bout : night.bouts()) {
    for (double t_s = bout.start_s; t_s < bout.end_s - 0.5 * kTruthEpochS; t_s += kTruthEpochS) {
      truth.push_back({t_s, bout.artefact ? SleepState::kUnknown : bout.stage});
    }
  }
  return truth;
}

bool ends_rem(const Hypnogram& night, double awakening_s) {
  const auto& bouts = night.bouts();
  for (std::size_t i = 0; i + 1 < bouts.size(); ++i) {
    if (bouts[i].stage == SleepState::kRem && bouts[i + 1].stage == SleepState::kWake &&
        std::abs(bouts[i].end_s - awakening_s) < kNearMarkS) {
      return true;
    }
  }
  return false;
}

}  // namespace

SleepLife sleep_life(const simulation::MouseSettings& settings, const Hypnogram& night,
                     const std::function<void(double)>& progress) {
  simulation::Mouse mouse(settings, night);
  simulation::FrontEnd front_end(settings.rate_hz);
  SleepLife life;
  life.truth = truth_of(night);
  const auto samples = static_cast<std::size_t>(std::llround(kBlockS * settings.rate_hz));
  while (mouse.time_s() < night.duration_s()) {
    const simulation::Block& block = mouse.step(samples);
    front_end.add(block, [&](const FeatureFrame& frame) { life.frames.push_back(frame); });
    for (const double awakening_s : block.awakenings_s) {
      if (ends_rem(night, awakening_s)) life.rem_awakenings_s.push_back(awakening_s);
    }
    progress(mouse.time_s());
  }
  return life;
}

std::vector<LabelledEpoch> calibration_rows(const SleepLife& life) {
  std::vector<LabelledEpoch> rows;
  for (const FeatureFrame& frame : life.frames) {
    if (frame.time_ns % kRowNs != 0) continue;
    const double t_s = seconds(frame.time_ns - kRowNs);
    const auto epoch = static_cast<std::size_t>((t_s + 0.5) / kTruthEpochS);
    if (epoch >= life.truth.size()) break;
    rows.push_back({t_s, frame, life.truth[epoch].stage});
  }
  return rows;
}

}  // namespace vturn::benches
