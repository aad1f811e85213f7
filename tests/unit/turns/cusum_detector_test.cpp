// Page's test against its definition: the greatest sum of log-likelihood ratios over all moments at which the turn may
// have begun, with posteriors from a three-state forward filter whose likelihoods are known.
#include "daemon/turns/cusum_detector.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <random>

#include "daemon/core/angle.hpp"
#include "daemon/turns/detector.hpp"

using namespace vturn;
using vturn::turns::CusumDetector;
using vturn::turns::CusumSettings;

namespace {

constexpr int kStepMs = 5;

struct Modes {
  double right = 0.05, rest = 0.9, left = 0.05;
};

/// Forward filter of rest <-> left, right with the detector's rates, in fine Euler steps: the truth of its closed form.
class Chain {
 public:
  explicit Chain(const CusumSettings& settings) : settings_(settings) {}

  /// One step with these likelihoods; gives log(likelihood of a left turn / of anything else), from its own prediction.
  double step(const Modes& likelihood) {
    constexpr int kFine = 1000;
    for (int i = 0; i < kFine; ++i) {
      const double dt_s = 1e-3 * kStepMs / kFine;
      const double begins = 0.5 * settings_.rest_to_turn_hz * dt_s * p_.rest;
      const double right_ends = settings_.turn_to_rest_hz * dt_s * p_.right;
      const double left_ends = settings_.turn_to_rest_hz * dt_s * p_.left;
      p_.right += begins - right_ends;
      p_.left += begins - left_ends;
      p_.rest += right_ends + left_ends - 2.0 * begins;
    }
    const double other = (p_.rest * likelihood.rest + p_.right * likelihood.right) / (p_.rest + p_.right);
    p_ = {p_.right * likelihood.right, p_.rest * likelihood.rest, p_.left * likelihood.left};
    const double sum = p_.right + p_.rest + p_.left;
    p_ = {p_.right / sum, p_.rest / sum, p_.left / sum};
    return std::log(likelihood.left / other);
  }
  [[nodiscard]] HeadingOutput output(double angle_rad = 0.0, double velocity_rad_s = 0.0) const {
    HeadingOutput heading{};
    heading.p_right = static_cast<float>(p_.right);
    heading.p_rest = static_cast<float>(p_.rest);
    heading.p_left = static_cast<float>(p_.left);
    heading.angle_rad = static_cast<float>(wrap_angle(angle_rad));
    heading.angular_velocity_rad_s = static_cast<float>(velocity_rad_s);
    heading.evidence_nats_per_spike = 0.5F;
    heading.spikes_per_s = 200.0F;
    return heading;
  }

 private:
  CusumSettings settings_;
  Modes p_;
};

struct Driver {
  explicit Driver(const CusumSettings& settings) { detector.prepare(settings); }
  std::optional<TurnOutput> at(int ms, const HeadingOutput& heading) {
    TurnOutput turn{};
    if (!detector.step(ms * kNsPerMs, heading, SleepState::kRem, turn)) return std::nullopt;
    return turn;
  }
  CusumDetector detector;
};

HeadingOutput mirrored(HeadingOutput heading) {
  std::swap(heading.p_left, heading.p_right);
  heading.angle_rad = static_cast<float>(wrap_angle(-static_cast<double>(heading.angle_rad)));
  heading.angular_velocity_rad_s = -heading.angular_velocity_rad_s;
  return heading;
}

}  // namespace

TEST_CASE("the sum is the greatest over all moments at which a turn may have begun") {
  CusumSettings settings;
  settings.nats = 50.0;  // never reached: the sums are looked at
  Chain chain(settings);
  Driver driver(settings);
  driver.at(0, chain.output());
  std::mt19937 random(7);
  std::normal_distribution<double> normal;
  std::vector<double> ratios;
  for (int ms = kStepMs; ms < 5000; ms += kStepMs) {
    const double drift = ms / 1000 % 2 == 0 ? -0.05 : 0.04;
    ratios.push_back(chain.step({std::exp(0.2 * normal(random)), 1.0, std::exp(drift + 0.2 * normal(random))}));
    CHECK_FALSE(driver.at(ms, chain.output()));
    double sum = 0.0;
    double greatest = 0.0;
    for (auto ratio = ratios.rbegin(); ratio != ratios.rend(); ++ratio) greatest = std::max(greatest, sum += *ratio);
    REQUIRE(driver.detector.nats(Direction::kCounterclockwise) == Approx(greatest).margin(0.02));
  }
}

TEST_CASE("evidence that comes evenly crosses when the formula says, either way, and ends as it came") {
  const bool left = GENERATE(true, false);
  const double per_step = 0.1;
  CusumSettings settings;
  settings.nats = 4.0;
  settings.end_nats = 3.0;
  Chain chain(settings);
  Driver driver(settings);
  std::optional<TurnOutput> onset, end;
  double angle_rad = 0.0;
  for (int ms = 0; ms < 1500; ms += kStepMs) {
    const bool turns = ms > 500 && ms <= 1000;
    if (ms > 0) chain.step({1.0, 1.0, std::exp(turns ? per_step : -per_step)});
    angle_rad += turns ? 0.01 : 0.0;
    const HeadingOutput heading = chain.output(angle_rad, turns ? (ms == 700 ? 3.0 : 2.0) : 0.0);
    if (const auto turn = driver.at(ms, left ? heading : mirrored(heading)))
      (turn->phase == TurnPhase::kOnset ? onset : end) = turn;
  }
  const double sign = left ? 1.0 : -1.0;
  REQUIRE(onset);
  REQUIRE(end);
  CHECK(onset->direction == (left ? Direction::kCounterclockwise : Direction::kClockwise));
  CHECK(onset->onset_time_ns == 500 * kNsPerMs);
  CHECK(onset->decision_time_ns == Approx(500e6 + 4.0 / per_step * kStepMs * 1e6).margin(kStepMs * 1e6));
  CHECK(onset->log_odds == Approx(4.0).margin(per_step));
  CHECK(onset->angle_rad == Approx(sign * 0.4).margin(0.021));
  CHECK(onset->sleep_state == SleepState::kRem);
  CHECK(end->decision_time_ns == Approx(1000e6 + 3.0 / per_step * kStepMs * 1e6).margin(kStepMs * 1e6));
  CHECK(end->onset_time_ns == onset->onset_time_ns);
  CHECK(end->angle_rad == Approx(sign * 1.0).margin(0.001));
  CHECK(end->peak_velocity_rad_s == Approx(sign * 3.0));
  CHECK_FALSE(driver.detector.turning());
}

TEST_CASE("the prior's pull is no evidence, however long nothing comes") {
  CusumSettings settings;
  settings.nats = 0.5;
  settings.lead_nats = 0.0;
  Chain chain(settings);
  Driver driver(settings);
  for (int ms = 0; ms < 4000; ms += kStepMs) {
    if (ms > 0) chain.step({1.0, 1.0, 1.0});
    if (ms % 200 == 0) {  // the chain has long moved on between two looks
      CHECK_FALSE(driver.at(ms, chain.output()));
      CHECK(driver.detector.nats(Direction::kClockwise) < 0.02);
    }
  }
}

TEST_CASE("surely turning but not sure which way is no CUSUM onset") {
  CusumSettings settings;
  settings.nats = 2.0;
  Chain chain(settings);
  Driver driver(settings);
  for (int ms = 0; ms < 1000; ms += kStepMs) {
    if (ms > 0) chain.step({1.2, 1.0, 1.2});
    CHECK_FALSE(driver.at(ms, chain.output()));
  }
}

TEST_CASE("CUSUM: no onset without evidence, within the refractory time, or across a gap") {
  CusumSettings settings;
  settings.nats = settings.lead_nats = settings.end_nats = 1.0;
  settings.refractory_s = 0.4;
  Driver driver(settings);
  Chain chain(settings);
  int onsets = 0;
  bool evident = false;
  const auto feed = [&](int ms, double nats) {
    chain.step({1.0, 1.0, std::exp(nats)});
    HeadingOutput heading = chain.output();
    if (!evident) heading.evidence_nats_per_spike = 0.0F;
    const auto turn = driver.at(ms, heading);
    if (turn && turn->phase == TurnPhase::kOnset) ++onsets;
  };
  for (int ms = 0; ms < 100; ms += kStepMs) feed(ms, 0.2);
  CHECK(onsets == 0);
  CHECK(driver.detector.gated() == 1);
  evident = true;
  feed(100, 0.2);
  CHECK(onsets == 1);
  for (int ms = 105; ms < 300; ms += kStepMs) feed(ms, -0.4);  // ends
  CHECK_FALSE(driver.detector.turning());
  for (int ms = 300; ms < 500; ms += kStepMs) feed(ms, 0.2);
  CHECK(onsets == 1);
  feed(500, 0.2);
  CHECK(onsets == 2);
  feed(2000, 3.0);
  CHECK_FALSE(driver.detector.turning());
  CHECK(driver.detector.nats(Direction::kCounterclockwise) == 0.0);
  feed(1000, 3.0);
  CHECK(driver.detector.nats(Direction::kCounterclockwise) == 0.0);
}

TEST_CASE("CUSUM settings out of range are refused") {
  CusumDetector detector;
  const auto refused = [&](auto change) {
    CusumSettings settings;
    change(settings);
    CHECK_THROWS_AS(detector.prepare(settings), std::invalid_argument);
  };
  refused([](CusumSettings& s) { s.nats = 0.0; });
  refused([](CusumSettings& s) { s.end_nats = NAN; });
  refused([](CusumSettings& s) { s.lead_nats = 5.0; });
  refused([](CusumSettings& s) { s.rest_to_turn_hz = 0.0; });
  refused([](CusumSettings& s) { s.refractory_s = -1.0; });
  refused([](CusumSettings& s) { s.max_gap_s = NAN; });
}

TEST_CASE("the detector that the rig file names: CUSUM is silent outside REM and begins afresh there") {
  turns::DetectorSettings settings;
  settings.method = turns::Method::kCusum;
  settings.cusum.min_evidence_nats_per_spike = 0.0;
  settings.cusum.min_spikes_per_s = 0.0;
  settings.set_threshold(1.0);
  CHECK(settings.cusum.lead_nats == 1.0);
  turns::Detector detector;
  detector.prepare(settings);
  HeadingOutput rest{};
  rest.p_rest = 0.98F;
  rest.p_left = rest.p_right = 0.01F;
  HeadingOutput left = rest;
  left.p_left = 0.98F;
  left.p_rest = 0.01F;
  TurnOutput turn;
  SessionNs now_ns = 0;
  const auto step = [&](const HeadingOutput& heading, SleepState state) {
    now_ns += 10 * kNsPerMs;
    return detector.step(now_ns, heading, state, turn);
  };
  for (const HeadingOutput& heading : {rest, left, left}) CHECK_FALSE(step(heading, SleepState::kWake));
  CHECK_FALSE(step(left, SleepState::kRem));
  CHECK_FALSE(step(rest, SleepState::kRem));
  CHECK(step(left, SleepState::kRem));
  CHECK(turn.direction == Direction::kCounterclockwise);
}
