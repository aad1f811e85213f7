#include "tools/benches/accuracy.hpp"

#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>
#include <memory>
#include <utility>

#include "daemon/core/angle.hpp"
#include "daemon/decode/calibration.hpp"
#include "daemon/decode/circle.hpp"
#include "daemon/decode/dynamics.hpp"
#include "daemon/decode/random_walk.hpp"

namespace vturn::benches {
namespace {

constexpr double kStepS = 0.001;
constexpr double kSettleS = 2.0;
constexpr double kLostRad = 45.0 * kDegree;

/// Walks through a session in milliseconds: `spike` at each spike, `millisecond` with the heading after each.
class Session {
 public:
  Session(const HeadingModel& model, const tools::Wander& wander, std::uint64_t seed)
      : heading_(wander, seed), units_(model, seed + 1) {}

  template <class Spike, class Millisecond>
  void run(double duration_s, Spike spike, Millisecond millisecond) {
    const auto steps = static_cast<std::int64_t>(std::llround(duration_s / kStepS));
    for (std::int64_t step = 0; step < steps; ++step) {
      const double angle_rad = heading_.step();
      units_.step(angle_rad, kStepS,
                  [&](double at_s, UnitId unit) { spike(now_ns_ + static_cast<SessionNs>(at_s * 1e9), unit); });
      now_ns_ += kNsPerMs;
      millisecond(now_ns_, angle_rad);
    }
  }

 private:
  WanderingHeading heading_;
  calibrate::SimulatedUnits units_;
  SessionNs now_ns_ = 0;
};

struct Answer {
  double angle_rad;
  bool covered;
};

class Contestant {
 public:
  explicit Contestant(std::string name) : name_(std::move(name)) {}
  Contestant(const Contestant&) = delete;
  Contestant& operator=(const Contestant&) = delete;
  virtual ~Contestant() = default;
  virtual void spike(SessionNs time_ns, UnitId unit) = 0;
  virtual Answer ask(SessionNs now_ns, double truth_rad) = 0;

  void score(SessionNs now_ns, double truth_rad) {
    const Answer answer = ask(now_ns, truth_rad);
    if (seconds(now_ns) < kSettleS) return;
    const double error_rad = angle_difference(answer.angle_rad, truth_rad);
    tally_.add(error_rad, answer.covered);
    lost_ += std::fabs(error_rad) > kLostRad ? 1 : 0;
  }
  [[nodiscard]] DecoderFigures figures(double bound_deg, bool has_sets) const {
    const HeadingScore score = tally_.score();
    return {.name = name_,
            .median_deg = score.median_abs_error_deg,
            .bound_ratio = score.median_abs_error_deg / bound_deg,
            .mean_deg = score.mean_abs_error_deg,
            .lost_share = static_cast<double>(lost_) / static_cast<double>(score.steps),
            .coverage_95 = has_sets ? score.coverage_95 : std::numeric_limits<double>::quiet_NaN()};
  }
  [[nodiscard]] virtual bool has_sets() const { return true; }

 private:
  std::string name_;
  HeadingTally tally_;
  std::uint64_t lost_ = 0;
};

class FilterContestant final : public Contestant {
 public:
  FilterContestant(std::string name, const HeadingModel& model, Dynamics dynamics) : Contestant(std::move(name)) {
    filter_.prepare(model);
    filter_.set_dynamics(dynamics);
  }
  void spike(SessionNs time_ns, UnitId unit) override { filter_.spike(time_ns, unit); }
  Answer ask(SessionNs now_ns, double truth_rad) override {
    filter_.advance(now_ns);
    std::array<float, kHeadingAngles> posterior{};
    filter_.posterior(posterior);
    return {static_cast<double>(filter_.estimate().angle_rad),
            circle::in_highest_density_set(posterior, truth_rad, 0.95)};
  }
  [[nodiscard]] const HeadingFilter& filter() const { return filter_; }

 private:
  HeadingFilter filter_;
};

class RandomWalkContestant final : public Contestant {
 public:
  RandomWalkContestant(std::string name, const HeadingModel& model, double deg2_per_ms) : Contestant(std::move(name)) {
    filter_.prepare(model, deg2_per_ms);
  }
  void spike(SessionNs time_ns, UnitId unit) override { filter_.spike(time_ns, unit); }
  Answer ask(SessionNs now_ns, double truth_rad) override {
    filter_.advance(now_ns);
    return {static_cast<double>(filter_.estimate().angle_rad),
            circle::in_highest_density_set(filter_.posterior(), truth_rad, 0.95)};
  }

 private:
  RandomWalkFilter filter_;
};

/// A window that slides, or one in bins whose last whole bin is the answer until the next.
class MemorylessContestant final : public Contestant {
 public:
  MemorylessContestant(std::string name, const HeadingModel& model, SessionNs window_ns, bool bins)
      : Contestant(std::move(name)), window_ns_(window_ns), bins_(bins) {
    decoder_.prepare(model, window_ns);
  }
  void spike(SessionNs time_ns, UnitId unit) override { decoder_.spike(time_ns, unit); }
  Answer ask(SessionNs now_ns, double truth_rad) override {
    decoder_.advance(now_ns);
    if (!bins_ || now_ns % window_ns_ == 0) posterior_ = decoder_.posterior();
    return {static_cast<double>(circle::maximum(posterior_)),
            circle::in_highest_density_set(posterior_, truth_rad, 0.95)};
  }

 private:
  MemorylessDecoder decoder_;
  SessionNs window_ns_;
  bool bins_;
  std::array<double, kHeadingAngles> posterior_{};
};

std::vector<std::unique_ptr<Contestant>> contestants(const HeadingModel& model) {
  std::vector<std::unique_ptr<Contestant>> all;
  all.push_back(std::make_unique<FilterContestant>("filter, wake dynamics", model, Dynamics::kWake));
  all.push_back(std::make_unique<FilterContestant>("filter, REM dynamics", model, Dynamics::kRem));
  for (const double deg2_per_ms : {0.8, 1.6, 3.2}) {
    char name[64];
    std::snprintf(name, sizeof name, "random walk, %.1f deg2/ms", deg2_per_ms);
    all.push_back(std::make_unique<RandomWalkContestant>(name, model, deg2_per_ms));
  }
  for (const bool bins : {false, true}) {
    for (const int window_ms : {50, 100, 200}) {
      const std::string name =
          "memoryless, " + std::string(bins ? "bins of " : "last ") + std::to_string(window_ms) + " ms";
      all.push_back(std::make_unique<MemorylessContestant>(name, model, window_ms * kNsPerMs, bins));
    }
  }
  return all;
}

/// Tuning of the same cells fitted to ten minutes of tracked wake.
HeadingModel fitted_model(const HeadingModel& truth, std::uint64_t seed) {
  constexpr double kTrackS = 600.0;
  constexpr SessionNs kRowNs = 25'600'000;  // 39 Hz
  std::vector<SpikeSample> spikes;
  std::vector<HeadingSample> heading;
  Session session(truth, kBenchWake, seed);
  session.run(
      kTrackS,
      [&](SessionNs time_ns, UnitId unit) {
        spikes.push_back({time_ns, unit});
      },
      [&](SessionNs now_ns, double angle_rad) {
        if (heading.empty() || now_ns - heading.back().time_ns >= kRowNs)
          heading.push_back({now_ns, circle::wrapped_float(angle_rad)});
      });
  HeadingModel model = truth;
  model.units = fit_tuning(spikes, heading, {}, 0.0).units;
  return model;
}

/// Median error of several filters on one session.
std::vector<double> medians_deg(const HeadingModel& cells, const tools::Wander& wander, double duration_s,
                                std::uint64_t seed, std::vector<std::unique_ptr<Contestant>> filters) {
  Session session(cells, wander, seed);
  session.run(
      duration_s,
      [&](SessionNs time_ns, UnitId unit) {
        for (auto& filter : filters) filter->spike(time_ns, unit);
      },
      [&](SessionNs now_ns, double angle_rad) {
        for (auto& filter : filters) filter->score(now_ns, angle_rad);
      });
  std::vector<double> medians;
  medians.reserve(filters.size());
  for (const auto& filter : filters) medians.push_back(filter->figures(1.0, true).median_deg);
  return medians;
}

/// Since when an estimate has stayed close.
class Lock {
 public:
  void add(SessionNs now_ns, double error_rad) {
    if (locked_) return;
    if (std::fabs(error_rad) > 30.0 * kDegree)
      since_ns_ = -1;
    else if (since_ns_ < 0)
      since_ns_ = now_ns;
    locked_ = since_ns_ >= 0 && now_ns - since_ns_ >= 100 * kNsPerMs;
  }
  [[nodiscard]] double at_s() const { return locked_ ? seconds(since_ns_) : std::numeric_limits<double>::infinity(); }

 private:
  SessionNs since_ns_ = -1;
  bool locked_ = false;
};

}  // namespace

AccuracyRun accuracy_run(std::size_t cells, double duration_s, std::uint64_t seed) {
  const HeadingModel model = random_ring(cells, kBenchWake, seed);
  AccuracyRun run;
  run.cells = cells;
  run.spikes_per_s = tools::population_rate_hz(model);
  run.information_rate = tools::information_rate(model);
  run.bound_median_deg = tools::median_error_bound_deg(run.information_rate, kBenchWake);
  const auto all = contestants(model);
  Session session(model, kBenchWake, seed + 100);
  session.run(
      duration_s,
      [&](SessionNs time_ns, UnitId unit) {
        for (const auto& contestant : all) contestant->spike(time_ns, unit);
      },
      [&](SessionNs now_ns, double angle_rad) {
        for (const auto& contestant : all) contestant->score(now_ns, angle_rad);
      });
  for (const auto& contestant : all) run.decoders.push_back(contestant->figures(run.bound_median_deg, true));
  return run;
}

TuningCost tuning_cost(std::size_t cells, double duration_s, std::uint64_t seed) {
  const HeadingModel exact = random_ring(cells, kBenchWake, seed);
  const HeadingModel fitted = fitted_model(exact, seed + 200);
  std::vector<std::unique_ptr<Contestant>> filters;
  filters.push_back(std::make_unique<FilterContestant>("exact", exact, Dynamics::kWake));
  filters.push_back(std::make_unique<FilterContestant>("fitted", fitted, Dynamics::kWake));
  const auto medians = medians_deg(exact, kBenchWake, duration_s, seed + 300, std::move(filters));
  return {medians[0], medians[1], medians[1] / medians[0]};
}

HardHour hard_hour(std::size_t cells, std::uint64_t seed) {
  constexpr double kHourS = 3600.0, kSilentFromS = 1800.0, kSilentToS = 1860.0;
  const HeadingModel model = random_ring(cells, kBenchWake, seed);
  HeadingFilter filter;
  filter.prepare(model);
  calibrate::Misassignment assigned(model, 0.2, seed + 400);
  calibrate::Random random(seed + 500);
  HeadingTally tally;
  HardHour result;
  Lock lock;
  double first_spike_s = kSilentToS;
  std::uint64_t lost = 0;
  const auto spike = [&](SessionNs time_ns, UnitId unit) {
    const double at_s = seconds(time_ns);
    if (random.uniform() < 0.5 || (at_s >= kSilentFromS && at_s < kSilentToS)) return;
    if (at_s >= kSilentToS && first_spike_s == kSilentToS) first_spike_s = at_s;
    filter.spike(time_ns, assigned(unit));
  };
  const auto millisecond = [&](SessionNs now_ns, double angle_rad) {
    filter.advance(now_ns);
    const HeadingOutput estimate = filter.estimate();
    const double error_rad = angle_difference(static_cast<double>(estimate.angle_rad), angle_rad);
    if (!std::isfinite(error_rad) || !std::isfinite(estimate.angular_velocity_rad_s)) ++result.not_finite;
    const double now_s = seconds(now_ns);
    if (now_s >= kSilentToS) lock.add(now_ns, error_rad);
    if (now_s < kSettleS || (now_s >= kSilentFromS && now_s < kSilentToS + 1.0)) return;
    tally.add(error_rad, false);
    lost += std::fabs(error_rad) > kLostRad ? 1 : 0;
  };
  Session(model, kBenchWake, seed + 600).run(kHourS, spike, millisecond);
  const HeadingScore score = tally.score();
  result.median_deg = score.median_abs_error_deg;
  result.lost_share = static_cast<double>(lost) / static_cast<double>(score.steps);
  result.relock_s = std::max(0.0, lock.at_s() - first_spike_s);
  result.gain = static_cast<double>(filter.gain());
  return result;
}

NremRun nrem_run(std::size_t cells, double factor, double duration_s, std::uint64_t seed) {
  const tools::Wander fast{factor * kBenchWake.velocity_sd_rad_s, 0.05, 0.0};
  const HeadingModel model = random_ring(cells, kBenchWake, seed);
  HeadingModel matched = model;
  matched.dynamics[static_cast<std::size_t>(Dynamics::kNrem)] = ornstein_uhlenbeck(fast.velocity_sd_rad_s, 0.05);
  std::vector<std::unique_ptr<Contestant>> filters;
  filters.push_back(std::make_unique<FilterContestant>("model", model, Dynamics::kNrem));
  filters.push_back(std::make_unique<FilterContestant>("matched", matched, Dynamics::kNrem));
  filters.push_back(std::make_unique<FilterContestant>("wake", model, Dynamics::kWake));
  const auto medians = medians_deg(model, fast, duration_s, seed + 700, std::move(filters));
  return {factor, medians[0], medians[1], medians[2], medians[0] / medians[1]};
}

}  // namespace vturn::benches
