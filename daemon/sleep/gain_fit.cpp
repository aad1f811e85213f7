#include "daemon/sleep/gain_fit.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/math.hpp"
#include "daemon/sleep/forward_step.hpp"

namespace vturn {
namespace {

/// Probability that the gains are as calibrated.
constexpr double kUnchanged = 0.5;
/// Neighbouring epochs of a bout say much the same: about ten count as one.
constexpr double kEvidenceTemper = 0.1;
constexpr double kLowestLogWeight = -300.0;

}  // namespace

void GainFit::prepare(const SleepModel& model, double step_s) noexcept {
  *this = GainFit{};
  emission_.prepare(model);
  transitions_ = transitions_for_step(model.transitions, kTransitionStepS);
  prior_ = stationary(model.transitions);
  frames_per_epoch_ = std::max(1, static_cast<int>(std::floor(kTransitionStepS / step_s + 0.5)));
  fit_epochs_ = static_cast<int>(std::floor(model.gain_fit_s / kTransitionStepS));
  prior_precision_ = 1.0 / (model.gain_prior_sd * model.gain_prior_sd);
  reset();
}

void GainFit::reset() noexcept {
  begin_window();
  sum_ = {};
  valid_frames_ = {};
  frames_ = 0;
  brain_ = emg_ = 0.0;
  failed_ = false;
}

void GainFit::begin_window() noexcept {
  double total = 0.0;
  for (std::size_t i = 0; i < candidates_.size(); ++i) total += changed_weight(i);
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    const double unchanged = i == candidates_.size() / 2 ? kUnchanged : 0.0;
    candidates_[i] = {prior_, math::log(unchanged + (1.0 - kUnchanged) * changed_weight(i) / total)};
  }
  epochs_ = past_epochs_ = 0;
  cursor_ = candidates_.size();
}

bool GainFit::implausible() const noexcept {
  return informed() && std::max(std::fabs(brain_), std::fabs(emg_)) > kLargestShift;
}

double GainFit::changed_weight(std::size_t index) const noexcept {
  const double brain = grid_value(index / kGrid);
  const double emg = grid_value(index % kGrid);
  return math::exp(std::max(-0.5 * prior_precision_ * (brain * brain + emg * emg), kLowestLogWeight));
}

double GainFit::shift(SleepFeature feature) const noexcept {
  if ((feature_bit(feature) & kBrainFeatures) != 0) return brain_;
  return feature == SleepFeature::kEmg ? emg_ : 0.0;
}

void GainFit::step(const FeatureFrame& frame) noexcept {
  if (!active()) return;
  for (std::size_t i = 0; i < kSleepFeatures; ++i) {
    if (frame.artefact || !frame.has(static_cast<SleepFeature>(i))) continue;
    sum_[i] += static_cast<double>(frame.log_power[i]);
    ++valid_frames_[i];
  }
  ++frames_;
  const std::size_t share = candidates_.size() / static_cast<std::size_t>(frames_per_epoch_) + 1;
  if (frames_ >= frames_per_epoch_) close_epoch();
  for (std::size_t n = 0; n < share && cursor_ < candidates_.size(); ++n) {
    weigh_candidate(cursor_++);
    if (cursor_ == candidates_.size()) choose();
  }
}

void GainFit::close_epoch() noexcept {
  epoch_ = FeatureFrame{};
  for (std::size_t i = 0; i < kSleepFeatures; ++i) {
    if (2 * valid_frames_[i] < frames_per_epoch_ || valid_frames_[i] == 0) continue;
    epoch_.set(static_cast<SleepFeature>(i), static_cast<float>(sum_[i] / static_cast<double>(valid_frames_[i])));
  }
  sum_ = {};
  valid_frames_ = {};
  frames_ = 0;
  if ((epoch_.valid & emission_.features() & kBrainFeatures) != 0) {
    cursor_ = 0;
  } else {
    end_epoch();
  }
}

void GainFit::end_epoch() noexcept {
  if (++past_epochs_ < fit_epochs_) return;
  if (informed()) failed_ = implausible();
  if (failed_) begin_window();
}

void GainFit::weigh_candidate(std::size_t index) noexcept {
  std::array<double, kSleepFeatures> offset{};
  const double brain = grid_value(index / kGrid);
  const double emg = grid_value(index % kGrid);
  for (std::size_t i = 0; i < kSleepFeatures; ++i) {
    const SleepFeatureMask bit = feature_bit(static_cast<SleepFeature>(i));
    offset[i] = (bit & kBrainFeatures) != 0 ? brain : bit == feature_bit(SleepFeature::kEmg) ? emg : 0.0;
  }
  StateVector log_likelihood{};
  if (!emission_.log_likelihood(epoch_, offset, log_likelihood)) return;
  Candidate& candidate = candidates_[index];
  predict(transitions_, candidate.posterior);
  candidate.score += kEvidenceTemper * weigh(log_likelihood, 1.0, candidate.posterior);
}

void GainFit::choose() noexcept {
  ++epochs_;
  std::size_t best = 0;
  for (std::size_t i = 1; i < candidates_.size(); ++i) {
    if (candidates_[i].score > candidates_[best].score) best = i;
  }
  brain_ = grid_value(best / kGrid) + kGridStep * peak(best, best / kGrid, kGrid);
  emg_ = grid_value(best % kGrid) + kGridStep * peak(best, best % kGrid, 1);
  end_epoch();
}

double GainFit::peak(std::size_t best, std::size_t place, std::size_t stride) const noexcept {
  if (place == 0 || place == kGrid - 1) return 0.0;
  const double below = candidates_[best - stride].score;
  const double above = candidates_[best + stride].score;
  const double curvature = 2.0 * candidates_[best].score - below - above;
  return curvature > 0.0 ? 0.5 * (above - below) / curvature : 0.0;
}

}  // namespace vturn
