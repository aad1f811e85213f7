// Models without scored data of their own: a saved one moved to other gains, and thresholds set by hand.
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "daemon/models/sleep_model_json.hpp"
#include "daemon/sleep/sleep_filter.hpp"
#include "daemon/sleep/template_gain.hpp"
#include "daemon/sleep/threshold_rules.hpp"
#include "tests/unit/sleep/synthetic_model.hpp"

using namespace vturn;
using Catch::Matchers::Contains;

namespace {

std::vector<LabelledEpoch> recording(int epochs, float brain, float emg) {
  std::mt19937 random(6);
  std::normal_distribution<float> noise(0.0F, 0.5F);
  std::vector<LabelledEpoch> result;
  for (int i = 0; i < epochs; ++i) {
    LabelledEpoch epoch;
    epoch.t_s = 4.0 * i;
    const auto time_ns = static_cast<SessionNs>((epoch.t_s + 4.0) * 1e9);
    epoch.frame = i / 25 % 2 == 0 ? test::wake_frame(time_ns) : test::nrem_frame(time_ns);
    epoch.frame.log_power[0] += brain + noise(random);
    epoch.frame.log_power[1] += brain + noise(random);
    epoch.frame.log_power[static_cast<std::size_t>(SleepFeature::kEmg)] += emg + noise(random);
    result.push_back(epoch);
  }
  return result;
}

SleepModel by_hand() { return manual_model({true, {true, 4.5, 5.0, 0.5}, 0.2}); }

SleepState after(SleepFilter& filter, SessionNs& now_ns, const FeatureFrame& frame, double for_s) {
  SleepOutput output{};
  for (int i = 0; i < static_cast<int>(10.0 * for_s); ++i) {
    FeatureFrame next = frame;
    next.time_ns = now_ns += 100 * kNsPerMs;
    output = filter.step(next);
  }
  return output.state;
}

}  // namespace

TEST_CASE("a saved model is moved to the gains of ten minutes") {
  const auto fit = fit_template(test::synthetic_model(), recording(150, 1.4F, -1.1F));
  REQUIRE(fit);
  CHECK(std::log(fit->brain_gain) == Approx(1.4).margin(0.15));
  CHECK(std::log(fit->emg_gain) == Approx(-1.1).margin(0.15));
  CHECK(fit->model.emissions[1].mean[0] == Approx(6.0 + std::log(fit->brain_gain)));
  CHECK(fit->model.emg.nrem_median == Approx(3.0 + std::log(fit->emg_gain)));
  CHECK(fit->model.hash == model_hash(fit->model));
}

TEST_CASE("a template that cannot be fitted says why") {
  const auto brief = fit_template(test::synthetic_model(), recording(149, 0.0F, 0.0F));
  REQUIRE_FALSE(brief);
  CHECK_THAT(brief.error(), Contains("at least 10 are needed"));
  const auto other = fit_template(test::synthetic_model(), recording(200, 12.0F, 0.0F));
  REQUIRE_FALSE(other);
  CHECK_THAT(other.error(), Contains("factor of 15"));
  const auto hand = fit_template(by_hand(), recording(200, 0.0F, 0.0F));
  REQUIRE_FALSE(hand);
  CHECK_THAT(hand.error(), Contains("set by hand"));
}

TEST_CASE("a moved model does not pass the old recording's figures for its own") {
  SleepModel saved = test::synthetic_model();
  saved.cv_kappa = saved.cv_rem_f1 = saved.cv_onset_latency_s = 0.9;
  saved.epochs = {10, 20, 30};
  const auto fit = fit_template(saved, recording(150, 0.0F, 0.0F));
  REQUIRE(fit);
  CHECK(std::isnan(fit->model.cv_kappa));
  CHECK(std::isnan(fit->model.cv_rem_f1));
  CHECK(std::isnan(fit->model.cv_onset_latency_s));
  CHECK(fit->model.epochs == std::array<std::size_t, 3>{});
}

TEST_CASE("a template's gains are those of the rows that have brain signals, wherever they begin") {
  auto rows = recording(600, 1.4F, 0.0F);
  for (std::size_t i = 0; i < 350; ++i) rows[i].frame.valid = feature_bit(SleepFeature::kEmg);
  const auto fit = fit_template(test::synthetic_model(), rows);
  REQUIRE(fit);
  CHECK(std::log(fit->brain_gain) == Approx(1.4).margin(0.15));
}

TEST_CASE("thresholds set by hand are a model: states, margins, movement, missing signals") {
  const SleepModel model = by_hand();
  REQUIRE(model_problem(model).empty());
  SleepFilter filter;
  filter.prepare(model, 0.1);
  SessionNs now_ns = 0;
  CHECK(after(filter, now_ns, test::wake_frame(0), 20.0) == SleepState::kWake);
  CHECK(after(filter, now_ns, test::nrem_frame(0), 20.0) == SleepState::kNrem);
  CHECK(after(filter, now_ns, test::rem_frame(0), 2.0) == SleepState::kNrem);
  CHECK(after(filter, now_ns, test::rem_frame(0), 15.0) == SleepState::kRem);
  // Delta within the margin of its threshold leaves the trigger where it stands.
  CHECK(after(filter, now_ns, test::frame_of(0, 5.1F, 6.0F, 2.5F), 20.0) == SleepState::kRem);
  CHECK(after(filter, now_ns, test::frame_of(0, 5.3F, 6.2F, 2.5F), 20.0) == SleepState::kNrem);
  FeatureFrame deaf = test::nrem_frame(0);
  deaf.valid = static_cast<SleepFeatureMask>(deaf.valid & kBrainFeatures);
  CHECK(after(filter, now_ns, deaf, 6.0) == SleepState::kUnknown);
}

TEST_CASE("thresholds set by hand survive the file, and stand still") {
  const SleepModel model = by_hand();
  const auto read = sleep_model_from_json(sleep_model_to_json(model), "hand.json");
  REQUIRE(read);
  CHECK(read->hash == model.hash);
  CHECK(read->manual.margin == 0.2);
  SleepModel drifting = model;
  drifting.adaptation_s = 600.0;
  CHECK_THAT(model_problem(drifting), Contains("must be 0"));
  SleepModel other = model;
  other.manual.rules.log_delta = 5.1;
  CHECK(model_hash(other) != model.hash);
}
