#include "daemon/sleep/template_gain.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "daemon/core/format.hpp"
#include "daemon/core/math.hpp"
#include "daemon/sleep/gain_fit.hpp"

namespace vturn {
namespace {

constexpr double kFitS = 600.0;

void move(MotionReference& reference, double shift) noexcept {
  if (reference.known) reference.nrem_median += shift;
}

/// What is known of the saved recording is not known of this one.
void forget_calibration(SleepModel& model) noexcept {
  model.cv_kappa = model.cv_rem_f1 = model.cv_onset_latency_s = std::numeric_limits<double>::quiet_NaN();
  model.epochs = {};
}

std::string refuse_short(std::span<const LabelledEpoch> epochs, const SleepModel& saved) {
  const auto usable = [&](const LabelledEpoch& epoch) { return holds_all(epoch, saved.features); };
  const double usable_s =
      epoch_length_s(epochs) * static_cast<double>(std::count_if(epochs.begin(), epochs.end(), usable));
  if (usable_s >= kFitS - 1e-6) return {};
  return format("%.1f min hold all features of the saved model, at least %.0f are needed", usable_s / 60.0,
                kFitS / 60.0);
}

}  // namespace

Expected<TemplateFit> fit_template(const SleepModel& saved, std::span<const LabelledEpoch> epochs) {
  if (saved.manual.known)
    return Error{"thresholds set by hand have no shapes to fit gains with: set them anew with --thresholds"};
  if (auto reason = refuse_short(epochs, saved); !reason.empty()) return Error{reason};
  SleepModel fitting = saved;
  fitting.gain_fit_s = 2.0 * kFitS;
  GainFit gains;
  gains.prepare(fitting, filter_step_s(saved, epochs));
  for (const LabelledEpoch& epoch : epochs) {
    if (!gains.active()) break;
    if ((epoch.frame.valid & kBrainFeatures) != 0) gains.step(epoch.frame);
  }
  const double brain = gains.shift(SleepFeature::kDelta);
  const double emg = gains.shift(SleepFeature::kEmg);
  if (gains.refused())
    return Error{"the gains that fit best differ by more than a factor of 15: other signals, or another unit of power"};
  TemplateFit result{saved, math::exp(brain), math::exp(emg)};
  SleepModel& model = result.model;
  for (std::size_t i = 0; i < model.features.size(); ++i) {
    for (SleepEmission& emission : model.emissions) emission.mean[i] += gains.shift(model.features[i]);
  }
  move(model.emg, emg);
  if (model.rules.known) {
    model.rules.log_emg += emg;
    model.rules.log_delta += brain;
  }
  forget_calibration(model);
  model.hash = model_hash(model);
  return result;
}

}  // namespace vturn
