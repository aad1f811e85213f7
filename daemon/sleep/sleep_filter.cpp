#include "daemon/sleep/sleep_filter.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "daemon/core/math.hpp"
#include "daemon/sleep/forward_step.hpp"

namespace vturn {
namespace {

constexpr double kQualityConstantS = 2.0;
/// Evidence needed before a state is named again: two evidence constants.
constexpr double kEstablishConstants = 2.0;
constexpr double kLargestInnovation = 1.0;
/// Longer silences forget the posterior: by then prediction has led to the stationary distribution anyway.
constexpr double kLongestBridgeS = 60.0;

}  // namespace

void SleepFilter::prepare(const SleepModel& model, double step_s, double spacing_s) {
  model_ = model;
  step_s_ = step_s;
  spacing_s_ = std::max(step_s, spacing_s);
  temper_ = std::min(1.0, step_s / model.evidence_constant_s);
  adaptation_rate_ = model.adaptation_s > 0.0 ? 1.0 - math::exp(-step_s / model.adaptation_s) : 0.0;
  quality_rate_ = 1.0 - math::exp(-step_s / kQualityConstantS);
  transitions_ = transitions_for_step(model.transitions, step_s);
  prior_ = stationary(model.transitions);
  emission_.prepare(model);
  gain_fit_.prepare(model, step_s);
  motion_gate_.prepare(model, step_s);
  reset();
}

void SleepFilter::reset() noexcept {
  offset_ = {};
  gain_fit_.reset();
  gap();
}

void SleepFilter::gap() noexcept {
  posterior_ = prior_;
  motion_gate_.reset();
  quality_ = candidate_s_ = bad_s_ = good_s_ = units_only_s_ = 0.0;
  started_ = false;
  candidate_ = SleepState::kUnknown;
  enter(SleepState::kUnknown);
}

void SleepFilter::lose_state() noexcept {
  candidate_ = SleepState::kUnknown;
  if (state_ != SleepState::kUnknown) enter(SleepState::kUnknown);
}

void SleepFilter::enter(SleepState state) noexcept {
  state_ = state;
  time_in_state_s_ = 0.0;
}

SleepOutput SleepFilter::step(const FeatureFrame& frame) noexcept {
  bridge(frame.time_ns);
  vturn::predict(transitions_, posterior_);
  const bool good = usable(frame);
  good_s_ = good ? good_s_ + step_s_ : 0.0;
  bad_s_ = good ? 0.0 : bad_s_ + step_s_;
  if (good) units_only_s_ = units_only(frame) ? units_only_s_ + step_s_ : 0.0;
  if (good) update(frame);
  rate_quality(frame, good);
  const double offset = offset_[static_cast<std::size_t>(SleepFeature::kEmg)];
  const bool moving = motion_gate_.step(frame, offset);
  time_in_state_s_ += step_s_;
  decide(moving);
  SleepOutput result = output(frame);
  result.moving = moving ? 1 : 0;
  return result;
}

bool SleepFilter::units_only(const FeatureFrame& frame) const noexcept {
  return (frame.valid & emission_.features() & static_cast<SleepFeatureMask>(~kUnitFeatures)) == 0;
}

bool SleepFilter::usable(const FeatureFrame& frame) const noexcept {
  const auto valid = static_cast<SleepFeatureMask>(frame.valid & emission_.features());
  // Muscles alone tell no sleep state; units are the second opinion where the LFP is lost.
  constexpr auto kTelling = static_cast<SleepFeatureMask>(kBrainFeatures | kUnitFeatures);
  const bool telling_in_model = (emission_.features() & kTelling) != 0;
  if (emission_.by_rules() && valid != emission_.features()) return false;
  return !frame.artefact && valid != 0 && (!telling_in_model || (valid & kTelling) != 0);
}

void SleepFilter::rate_quality(const FeatureFrame& frame, bool good) noexcept {
  const auto used = static_cast<unsigned>(emission_.features());
  const int present = std::popcount(static_cast<unsigned>(frame.valid) & used);
  const double now = good ? static_cast<double>(present) / static_cast<double>(std::popcount(used)) : 0.0;
  quality_ += quality_rate_ * (now - quality_);
}

void SleepFilter::bridge(SessionNs time_ns) noexcept {
  if (started_) {
    const double passed_s = seconds(time_ns - last_time_ns_);
    const double steps = std::floor(passed_s / step_s_ + 0.5);
    if (steps * step_s_ > kLongestBridgeS) {
      gap();
    } else {
      if (passed_s - spacing_s_ > model_.unknown_after_s) lose_state();
      for (double missed = 1.0; missed < steps; missed += 1.0) {
        vturn::predict(transitions_, posterior_);
        bad_s_ += step_s_;
        good_s_ = 0.0;
        time_in_state_s_ += step_s_;
      }
    }
  }
  started_ = true;
  last_time_ns_ = time_ns;
}

void SleepFilter::update(const FeatureFrame& frame) noexcept {
  StateVector log_likelihood{};
  if (!emission_.log_likelihood(frame, offset_, log_likelihood)) return;
  weigh(log_likelihood, temper_, posterior_);
  if (gain_fit_.active()) {
    fit_gain(frame);
  } else {
    adapt(frame);
  }
}

void SleepFilter::fit_gain(const FeatureFrame& frame) noexcept {
  gain_fit_.step(frame);
  if (!gain_fit_.informed()) return;
  for (SleepFeature feature : model_.features) {
    offset_[static_cast<std::size_t>(feature)] = gain_fit_.shift(feature);
  }
}

void SleepFilter::adapt(const FeatureFrame& frame) noexcept {
  for (SleepFeature feature : model_.features) {
    if (!frame.has(feature)) continue;
    double expected = 0.0;
    for (std::size_t s = 0; s < kSleepStates; ++s) expected += posterior_[s] * emission_.mean(s, feature);
    double& offset = offset_[static_cast<std::size_t>(feature)];
    const double innovation = static_cast<double>(frame.value(feature)) - offset - expected;
    offset += adaptation_rate_ * std::clamp(innovation, -kLargestInnovation, kLargestInnovation);
  }
}

SleepState SleepFilter::wanted(bool moving) const noexcept {
  const double p_rem = posterior_[2];
  const bool was_rem = state_ == SleepState::kRem;
  // Units tell REM from NREM, not from wake: what they alone would hold on to may have ended long ago.
  const bool told = units_only_s_ <= model_.unknown_after_s;
  if (was_rem && !told) return SleepState::kUnknown;
  if (!moving && told && p_rem >= (was_rem ? model_.rem_off : model_.rem_on)) return SleepState::kRem;
  const std::size_t other = posterior_[0] >= posterior_[1] ? 0 : 1;
  // Leaving REM needs no proof of what follows; wake and NREM change over only when sure.
  if (was_rem || posterior_[other] >= model_.switch_probability) return sleep_state_of(other);
  return state_;
}

void SleepFilter::decide(bool moving) noexcept {
  if (bad_s_ > model_.unknown_after_s || gain_fit_.refused()) return lose_state();
  if (state_ == SleepState::kUnknown && good_s_ < kEstablishConstants * model_.evidence_constant_s) return;
  const SleepState want = wanted(moving);
  if (want == state_) {
    candidate_ = state_;
    candidate_s_ = 0.0;
    return;
  }
  candidate_s_ = want == candidate_ ? candidate_s_ + step_s_ : step_s_;
  candidate_ = want;
  const bool leaves_rem = state_ == SleepState::kRem;
  // A hair below confirm_s: ten steps of 0.1 s sum to less than 1 in binary.
  if (leaves_rem || candidate_s_ > model_.confirm_s - 0.5 * step_s_) enter(want);
}

SleepOutput SleepFilter::output(const FeatureFrame& frame) const noexcept {
  SleepOutput result{};
  result.state = state_;
  result.feature_count = kLiveSleepFeatures;
  result.p_wake = static_cast<float>(posterior_[0]);
  result.p_nrem = static_cast<float>(posterior_[1]);
  result.p_rem = static_cast<float>(posterior_[2]);
  result.time_in_state_s = static_cast<float>(time_in_state_s_);
  result.motion = static_cast<float>(motion_gate_.level());
  result.quality = gain_fit_.refused() ? 0.0F : static_cast<float>(quality_);
  for (std::size_t i = 0; i < kLiveSleepFeatures; ++i) {
    const auto feature = static_cast<SleepFeature>(i);
    if (frame.has(feature))
      result.features[i] = static_cast<float>(static_cast<double>(frame.value(feature)) - offset_[i]);
  }
  return result;
}

}  // namespace vturn
