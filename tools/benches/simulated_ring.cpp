#include "tools/benches/simulated_ring.hpp"

#include <cmath>

#include "daemon/core/angle.hpp"
#include "daemon/core/math.hpp"
#include "daemon/decode/calibration.hpp"
#include "daemon/decode/dynamics.hpp"

namespace vturn::benches {
namespace {

constexpr double kStepS = 0.001;

HeadingUnit random_cell(std::size_t index, double preferred_rad, calibrate::Random& random) {
  HeadingUnit unit;
  unit.unit = static_cast<UnitId>(index);
  const double kappa = 2.5 + 2.5 * random.uniform();
  const double peak_hz = 10.0 + 30.0 * random.uniform();
  const double base_hz = 0.2 + 0.8 * random.uniform();
  double sum_hz = 0.0;
  for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) {
    const double angle_rad = kTwoPi * static_cast<double>(bin) / static_cast<double>(kHeadingAngles);
    const double rate_hz =
        base_hz + (peak_hz - base_hz) * math::exp(kappa * (math::cos(angle_rad - preferred_rad) - 1.0));
    unit.rate_hz[bin] = static_cast<float>(rate_hz);
    sum_hz += rate_hz;
  }
  unit.mean_rate_hz = static_cast<float>(sum_hz / static_cast<double>(kHeadingAngles));
  return unit;
}

}  // namespace

HeadingModel random_ring(std::size_t cells, const tools::Wander& wake, std::uint64_t seed) {
  calibrate::Random random(seed);
  HeadingModel model;
  for (std::size_t i = 0; i < cells; ++i) {
    const double preferred_rad = kTwoPi * (static_cast<double>(i) + random.uniform()) / static_cast<double>(cells);
    model.units.push_back(random_cell(i, preferred_rad, random));
  }
  model.dynamics[static_cast<std::size_t>(Dynamics::kWake)] =
      ornstein_uhlenbeck(wake.velocity_sd_rad_s, wake.velocity_tau_s);
  model.dynamics[static_cast<std::size_t>(Dynamics::kRem)] = switching({});
  model.dynamics[static_cast<std::size_t>(Dynamics::kNrem)] = ornstein_uhlenbeck(10.0 * wake.velocity_sd_rad_s, 0.05);
  model.hash = model_hash(model);
  return model;
}

WanderingHeading::WanderingHeading(const tools::Wander& wander, std::uint64_t seed)
    : random_(seed),
      decay_(math::exp(-kStepS / wander.velocity_tau_s)),
      kick_(wander.velocity_sd_rad_s * std::sqrt(1.0 - decay_ * decay_)),
      jitter_(wander.diffusion_rad_rt_s * std::sqrt(kStepS)),
      velocity_rad_s_(wander.velocity_sd_rad_s * random_.normal()) {}

double WanderingHeading::step(double extra_velocity_rad_s) {
  velocity_rad_s_ = decay_ * velocity_rad_s_ + kick_ * random_.normal();
  angle_rad_ += (velocity_rad_s_ + extra_velocity_rad_s) * kStepS + jitter_ * random_.normal();
  return angle_rad_;
}

std::vector<SimulatedTurn> random_turns(std::size_t count, std::uint64_t seed) {
  calibrate::Random random(seed);
  std::vector<SimulatedTurn> turns;
  double at_s = 5.0;
  while (turns.size() < count) {
    SimulatedTurn turn{at_s, {}};
    turn.shape.duration_s = 0.2 + 0.6 * random.uniform();
    const double sign = random.uniform() < 0.5 ? -1.0 : 1.0;
    turn.shape.peak_velocity_rad_s = sign * (100.0 + 500.0 * random.uniform()) * kDegree;
    turns.push_back(turn);
    at_s += turn.shape.duration_s + 1.3 - 1.5 * math::log(1.0 - random.uniform());
  }
  return turns;
}

}  // namespace vturn::benches
