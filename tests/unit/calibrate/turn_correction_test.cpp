// Thresholds corrected by stillness: the shrinkage in closed form, the counting on simulated cells whose spikes are
// misassigned, and the share that is fitted to them.
#include "daemon/calibrate/turn_correction.hpp"

#include <catch2/catch.hpp>

#include "daemon/calibrate/misassigned_share.hpp"
#include "daemon/calibrate/simulated_units.hpp"
#include "daemon/calibrate/spike_holes.hpp"
#include "daemon/calibrate/turn_threshold.hpp"
#include "daemon/core/angle.hpp"
#include "daemon/decode/circle.hpp"
#include "daemon/decode/dynamics.hpp"
#include "daemon/turns/thresholds.hpp"

using namespace vturn;
using namespace vturn::calibrate;

namespace {

std::vector<HeadingTurnThreshold> table() {
  // log rate falls by ln 2 with each 0.5 nats
  std::vector<HeadingTurnThreshold> rows;
  for (int i = 0; i < 5; ++i) {
    const double rate = 8.0 / (1 << i);
    rows.push_back({rate, 0.5 * i, 0.9 * rate, 1.1 * rate});
  }
  return rows;
}

/// In ten minutes of stillness, and simulated in a hundred.
StillOnsets onsets(std::vector<std::uint64_t> observed, std::vector<std::uint64_t> simulated) {
  StillOnsets still;
  still.minutes = 10.0;
  still.simulated_minutes = 100.0;
  for (std::size_t i = 0; i < observed.size(); ++i) still.thresholds.push_back(0.5 * static_cast<double>(i));
  still.observed = std::move(observed);
  still.simulated = std::move(simulated);
  return still;
}

/// Cells of von Mises tuning.
HeadingModel cells(std::size_t count) {
  HeadingModel model;
  for (std::size_t i = 0; i < count; ++i) {
    HeadingUnit unit;
    unit.unit = static_cast<UnitId>(2 * i);
    double sum_hz = 0.0;
    for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) {
      const double from_peak =
          kTwoPi * (static_cast<double>(bin) / kHeadingAngles - static_cast<double>(i) / static_cast<double>(count));
      unit.rate_hz[bin] = static_cast<float>(0.5 + 20.0 * std::exp(3.0 * (std::cos(from_peak) - 1.0)));
      sum_hz += static_cast<double>(unit.rate_hz[bin]);
    }
    unit.mean_rate_hz = static_cast<float>(sum_hz / kHeadingAngles);
    model.units.push_back(unit);
  }
  model.dynamics[0] = model.dynamics[2] = ornstein_uhlenbeck(1.7, 0.25);
  model.dynamics[1] = switching({});
  return model;
}

struct Wake {
  std::vector<SpikeSample> spikes;
  std::vector<HeadingSample> heading;
};

/// Still for 15 s, turning at 90 deg/s for 2 s, and so on.
Wake wake(const HeadingModel& model, double minutes, double share, std::uint64_t seed) {
  SimulatedUnits units(model, seed);
  Misassignment misassigned(model, share, seed + 1);
  Wake result;
  double angle_rad = 1.0;
  for (std::int64_t ms = 0; ms < static_cast<std::int64_t>(minutes * 60e3); ++ms) {
    if (ms % 17'000 >= 15'000) angle_rad += 1.5708e-3;
    if (ms % 25 == 0) result.heading.push_back({ms * kNsPerMs, circle::wrapped_float(angle_rad)});
    units.step(angle_rad, 1e-3, [&](double at_s, UnitId unit) {
      result.spikes.push_back({ms * kNsPerMs + static_cast<SessionNs>(at_s * 1e9), misassigned(unit)});
    });
  }
  return result;
}

}  // namespace

TEST_CASE("without stillness the simulation stands, with an interval of the prior's width") {
  const auto rows = corrected_turn_thresholds(table(), onsets({0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}));
  REQUIRE(rows.size() == 5);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CHECK(rows[i].threshold_nats == Approx(table()[i].threshold_nats));
    CHECK(rows[i].false_alarms_per_minute == table()[i].false_alarms_per_minute);
    CHECK(rows[i].low_per_minute < 0.35 * rows[i].false_alarms_per_minute);  // Gamma(4): 0.27-2.19 of its mean
    CHECK(rows[i].high_per_minute > 2.1 * rows[i].false_alarms_per_minute);
  }
  CHECK(corrected_turn_thresholds(table(), StillOnsets{}).size() == 5);
}

TEST_CASE("twice the onsets that the model expects, and many: thresholds rise by what halves the rate") {
  const auto rows =
      corrected_turn_thresholds(table(), onsets({16000, 8000, 4000, 2000, 1000}, {80000, 40000, 20000, 10000, 5000}));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CHECK(rows[i].threshold_nats == Approx(table()[i].threshold_nats + 0.5).margin(0.01));
    CHECK(rows[i].low_per_minute / rows[i].false_alarms_per_minute == Approx(0.9).margin(0.02));
  }
}

TEST_CASE("few onsets move the threshold little: Gamma and Beta posteriors in closed form") {
  const auto ratios = onset_ratios(onsets({2, 1, 1}, {10, 4, 0}));
  CHECK(ratios[0].ratio == Approx((2.0 + 4.0) / (1.0 + 4.0)));
  // Gamma(6, 5): 2.5 and 97.5 % quantile from tables of chi-squared with 12 degrees of freedom, 4.404 and 23.337.
  CHECK(ratios[0].low == Approx(4.404 / 2.0 / 5.0).epsilon(0.01));
  CHECK(ratios[0].high == Approx(23.337 / 2.0 / 5.0).epsilon(0.01));
  const double share = 4.5 / 11.0, next_share = 0.5 / 5.0;
  const double found = (1.0 + 8.0 * share) / (2.0 + 8.0), next_found = (1.0 + 8.0 * next_share) / (1.0 + 8.0);
  CHECK(ratios[1].ratio == Approx(1.2 * found / share));
  CHECK(ratios[2].ratio == Approx(1.2 * found / share * next_found / next_share));
  CHECK(ratios[2].low / ratios[2].ratio < ratios[1].low / ratios[1].ratio);
  CHECK(ratios[2].high / ratios[2].ratio > ratios[1].high / ratios[1].ratio);
}

TEST_CASE("onsets above several thresholds are not counted as news at each") {
  // All onsets are above all thresholds, as the simulation says: the ratio stays that of the lowest.
  const auto ratios = onset_ratios(onsets({30, 30, 30, 30}, {100, 100, 100, 100}));
  for (const OnsetRatio& ratio : ratios) CHECK(ratio.ratio == Approx(34.0 / 14.0).epsilon(0.02));
}

TEST_CASE("the share of misassigned spikes is found from which unit fires at which heading") {
  const HeadingModel model = cells(20);
  const double truth = GENERATE(0.0, 0.1, 0.3);
  const Wake data = wake(model, 4.0, truth, 3);
  const MisassignedShare found = misassigned_share(model, data.spikes, data.heading);
  CHECK(found.spikes > 20'000);
  CHECK(found.sd < 0.01);
  CHECK(found.share == Approx(truth).margin(std::max(4.0 * found.sd, 0.005)));
  CHECK(misassigned_share(model, {}, data.heading).share == 0.0);
}

TEST_CASE("onsets in stillness: as many as expected when the spikes are the model's, more when they are misassigned") {
  const HeadingModel model = cells(20);
  const std::vector<double> log_odds{-1.0, 0.0, 1.0};
  const turns::DetectorSettings settings = ungated_detector(model, turns::Method::kLogOdds);
  const auto count = [&](double share, double fitted) {
    const Wake data = wake(model, 10.0, share, 11);
    const auto still = still_stretches(data.heading, {});
    StillSimulation simulation;
    simulation.misassigned_share = fitted;
    simulation.minutes = 20.0;
    return still_onsets(model, data.spikes, data.heading, still, settings, log_odds, simulation, {});
  };
  const StillOnsets plain = count(0.0, 0.0);
  const StillOnsets fitted = count(0.25, 0.25);
  const StillOnsets unfitted = count(0.25, 0.0);
  CHECK(plain.minutes == Approx(10.0 * 14.0 / 17.0).epsilon(0.1));
  for (const auto* still : {&plain, &fitted}) {
    const auto observed = static_cast<double>(still->observed[0]);
    CHECK(std::fabs(observed - still->expected(0)) < 4.0 * std::sqrt(still->expected(0) + 1.0));
  }
  CHECK(static_cast<double>(unfitted.observed[1]) > 2.0 * unfitted.expected(1));
  CHECK(onset_ratios(unfitted)[1].ratio > 1.5);
  const Wake data = wake(model, 1.0, 0.0, 1);
  const auto still = still_stretches(data.heading, {});
  CHECK(still_onsets(model, data.spikes, data.heading, still, settings, log_odds, {}, [](double) {
          return false;
        }).thresholds.empty());
  CHECK(still_onsets(model, data.spikes, data.heading, {}, settings, log_odds, {}, {}).minutes == 0.0);
}

TEST_CASE("a tracker that runs on when the spikes have ended, or while none came, adds no stillness") {
  const HeadingModel model = cells(20);
  const Wake whole = wake(model, 6.0, 0.0, 11);
  const auto still = still_stretches(whole.heading, {});
  const auto count = [&](const auto& lost) {
    std::vector<SpikeSample> spikes = whole.spikes;
    std::erase_if(spikes, [&](const SpikeSample& spike) { return lost(seconds(spike.time_ns)); });
    return still_onsets(model, spikes, whole.heading, still, ungated_detector(model, turns::Method::kLogOdds),
                        std::vector<double>{-1.0}, {.minutes = 20.0}, {});
  };
  const StillOnsets all = count([](double) { return false; });
  const StillOnsets ended = count([](double t_s) { return t_s > 180.0; });
  const StillOnsets begun = count([](double t_s) { return t_s < 180.0; });
  const StillOnsets paused = count([](double t_s) { return t_s > 120.0 && t_s < 300.0; });
  const StillOnsets hiccup = count([](double t_s) { return std::fmod(t_s, 60.0) < 0.5; });
  CHECK(all.observed[0] > 0);
  for (const auto* still_there : {&ended, &begun, &paused}) {
    CHECK(still_there->minutes == Approx(all.minutes / 2.0).epsilon(0.1));
    const double expected = still_there->expected(0);
    CHECK(std::fabs(static_cast<double>(still_there->observed[0]) - expected) < 4.0 * std::sqrt(expected + 1.0));
  }
  CHECK(hiccup.minutes == all.minutes);
}

TEST_CASE("cells so few that a second without a spike is nothing special lose no stillness") {
  HeadingModel model = cells(2);
  for (HeadingUnit& unit : model.units) {
    for (float& rate_hz : unit.rate_hz) rate_hz *= 0.1F;
  }
  const Wake data = wake(model, 6.0, 0.0, 5);
  CHECK(spike_holes(model, data.spikes, data.heading).empty());
  const std::vector<TimeSpan> holes{{10, 20}, {40, 45}};
  const auto kept = outside(std::vector<TimeSpan>{{0, 5}, {8, 30}, {41, 44}, {44, 50}}, holes);
  REQUIRE(kept.size() == 4);
  CHECK(kept[1].from_ns == 8);
  CHECK(kept[1].to_ns == 10);
  CHECK(kept[2].from_ns == 20);
  CHECK(kept[3].from_ns == 45);
}
