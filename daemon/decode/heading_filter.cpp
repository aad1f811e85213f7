#include "daemon/decode/heading_filter.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "daemon/core/angle.hpp"
#include "daemon/core/math.hpp"
#include "daemon/decode/circle.hpp"
#include "daemon/decode/kernel.hpp"

namespace vturn {

static_assert(kernel::kAngles == kHeadingAngles && kernel::kRows == kVelocityRows);
static_assert(kernel::kRightRows == kRightRows && kernel::kRestRows == kRestRows);

namespace {

constexpr SessionNs kMaxStepNs = 5 * kNsPerMs;
/// Below this a model asks for more steps than can be afforded.
constexpr SessionNs kMinStepNs = 200'000;
constexpr float kLowestRateHz = 1e-3F;
constexpr float kHighestRateHz = 1e4F;
constexpr std::uint16_t kNoRow = 0xFFFF;
/// Mass that each mode gets at every step over the whole circle: low enough not to be seen, high enough to lock again
/// within a few spikes, and far above float's denormals whatever the likelihood does.
constexpr float kFloorMass = 1e-6F;
/// Pseudo-count of the gain tracker, in spikes: it stays at 1 until there is something to track.
constexpr float kGainPrior = 20.0F;

/// Exponential forgetting without exp: bilinear, within 1e-5 of it for steps of 5 ms and memories above 0.1 s.
float decay(float dt_s, float tau_s) noexcept {
  const float half = 0.5F * dt_s / tau_s;
  return (1.0F - half) / (1.0F + half);
}

kernel::Step step_of(Kernel kind) noexcept {
#ifdef VTURN_X86_KERNELS
  if (kind == Kernel::avx512) return kernel::step_avx512;
  if (kind == Kernel::avx2) return kernel::step_avx2;
#endif
  return kernel::step_scalar;
}

struct DynamicsPlan {
  kernel::Dynamics rows;
  SessionNs max_step_ns = kMaxStepNs;
};

void require(bool holds, const char* what) {
  if (!holds) throw std::invalid_argument(std::string("heading model: ") + what);
}

DynamicsPlan plan_of(const HeadingDynamics& dynamics) {
  DynamicsPlan plan;
  double fastest_hz = 0.0;
  double fastest_bins_per_s = 0.0;
  for (std::size_t row = 0; row < kVelocityRows; ++row) {
    const float velocity = dynamics.velocity_rad_s[row];
    const bool rests = row >= kFirstRestRow && row < kFirstLeftRow;
    const float out_hz = dynamics.hop_up_hz[row] + dynamics.hop_down_hz[row] +
                         (rests ? dynamics.rest_to_turn_hz : dynamics.turn_to_rest_hz);
    require(std::isfinite(velocity) && std::isfinite(out_hz) && std::isfinite(dynamics.enter[row]),
            "dynamics not finite");
    require(dynamics.hop_up_hz[row] >= 0 && dynamics.hop_down_hz[row] >= 0 && dynamics.enter[row] >= 0 && out_hz >= 0,
            "negative rates in the dynamics");
    require(dynamics.enter[row] <= 1.0F, "shares of a mode above 1");
    plan.rows.shift_bins_per_s[row] = static_cast<float>(velocity * (static_cast<double>(kHeadingAngles) / kTwoPi));
    plan.rows.velocity_rad_s[row] = velocity;
    plan.rows.hop_up_hz[row] = dynamics.hop_up_hz[row];
    plan.rows.hop_down_hz[row] = dynamics.hop_down_hz[row];
    plan.rows.enter[row] = dynamics.enter[row];
    fastest_hz = std::max(fastest_hz, static_cast<double>(out_hz));
    fastest_bins_per_s = std::max(fastest_bins_per_s, std::fabs(static_cast<double>(plan.rows.shift_bins_per_s[row])));
  }
  require(dynamics.rest_to_turn_hz >= 0 && dynamics.turn_to_rest_hz >= 0, "negative switching rates");
  plan.rows.rest_to_turn_hz = dynamics.rest_to_turn_hz;
  plan.rows.turn_to_rest_hz = dynamics.turn_to_rest_hz;
  plan.rows.floor = kFloorMass / static_cast<float>(kHeadingAngles);
  const double bound_s = std::min(0.5 / std::max(fastest_hz, 1e-3),
                                  static_cast<double>(kernel::kMaxShiftBins) / std::max(fastest_bins_per_s, 1e-3));
  plan.max_step_ns = std::min(kMaxStepNs, static_cast<SessionNs>(bound_s * 1e9));
  require(plan.max_step_ns >= kMinStepNs, "velocities or rates of change too fast for steps of 0.2 ms");
  return plan;
}

}  // namespace

struct alignas(64) HeadingFilter::State {
  std::array<kernel::Rows, 2> rows{};
  kernel::Circle ones{}, cosine{}, sine{}, rate_total_hz{}, rate_excess_hz{};
  float largest_excess_hz = 0.0F;
  kernel::StepOutput now{};
  std::vector<kernel::Circle> ratio, tempered;  ///< per model row; std::allocator honours their alignment
  std::array<DynamicsPlan, 3> dynamics{};
  std::array<std::uint16_t, kMaxUnits> row_of_unit{};
  kernel::Step step = kernel::step_scalar;
  Kernel kind = Kernel::scalar;
  HeadingTuning frame_kernel{};  ///< wrapped Gaussian of the frame's error
  float frame_length = 1.0F;     ///< its mean resultant length
  std::size_t front = 0;
  Dynamics set = Dynamics::kWake;

  float temper = 1.0F, lag_s = 0.0F;
  float gain_tau_s = 1.0F, gain_min = 1.0F, gain_max = 1.0F, evidence_tau_s = 1.0F;
  float observed = 0.0F, expected = 0.0F, gain = 1.0F;
  float evidence_nats = 0.0F, recent_spikes = 0.0F, recent_weight_s = 0.0F;
  double total_evidence_nats = 0.0;

  SessionNs time_ns = 0;
  bool started = false;
  std::uint64_t spikes = 0, late = 0, unknown = 0;

  void set_prior() noexcept;
  void step_by(SessionNs dt_ns, std::uint16_t row) noexcept;
  void go_to(SessionNs time_ns, std::uint16_t row) noexcept;
  void account(float dt_s, bool spiked) noexcept;
};

/// Every heading alike, modes alike: also fills `now`, so that an estimate before the first input is this prior's.
void HeadingFilter::State::set_prior() noexcept {
  const auto& plan = dynamics[static_cast<std::size_t>(set)].rows;
  constexpr float kShare = 1.0F / (3.0F * static_cast<float>(kHeadingAngles));
  for (std::size_t row = 0; row < kVelocityRows; ++row) {
    for (float& p : rows[front].p[row]) p = kShare * plan.enter[row];
  }
  for (float& p : rows[front].turning) p = 2.0F * kShare;
  for (float& p : rows[front].resting) p = kShare;
  now = {};
  for (float& p : now.marginal.value) p = 1.0F / static_cast<float>(kHeadingAngles);
  now.norm = now.evidence = 1.0F;
  now.right = now.rest = now.left = 1.0F / 3.0F;
}

void HeadingFilter::State::step_by(SessionNs dt_ns, std::uint16_t row) noexcept {
  const float dt_s = static_cast<float>(seconds(dt_ns));
  const bool spiked = row != kNoRow;
  const kernel::StepInput in{.from = &rows[front],
                             .to = &rows[1 - front],
                             .dynamics = &dynamics[static_cast<std::size_t>(set)].rows,
                             .spike_ratio = spiked ? &ratio[row] : &ones,
                             .spike_tempered = spiked ? &tempered[row] : &ones,
                             .rate_excess_hz = &rate_excess_hz,
                             .largest_excess_hz = largest_excess_hz,
                             .rate_total_hz = &rate_total_hz,
                             .cosine = &cosine,
                             .sine = &sine,
                             .inverse_norm = 1.0F / now.norm,
                             .dt_s = dt_s,
                             .gain_dt_s = gain * dt_s,
                             .temper = temper};
  step(in, now);
  front = 1 - front;
  // A model at odds with itself (mean rates far from its tuning) can starve every angle at once.
  if (!(now.norm > 1e-30F && now.norm < 1e30F)) set_prior();
  account(dt_s, spiked);
}

void HeadingFilter::State::account(float dt_s, bool spiked) noexcept {
  const float spike = spiked ? 1.0F : 0.0F;
  const double nats = math::log(static_cast<double>(now.evidence));
  total_evidence_nats += nats;
  const float keep = decay(dt_s, evidence_tau_s);
  evidence_nats = keep * evidence_nats + static_cast<float>(nats);
  recent_spikes = keep * recent_spikes + spike;
  recent_weight_s = keep * recent_weight_s + dt_s;
  const float remember = decay(dt_s, gain_tau_s);
  observed = remember * observed + spike;
  expected = remember * expected + dt_s * (now.rate_hz / now.norm);
  gain = std::clamp((observed + kGainPrior) / (expected + kGainPrior), gain_min, gain_max);
}

void HeadingFilter::State::go_to(SessionNs to_ns, std::uint16_t row) noexcept {
  if (!started) {
    started = true;
    time_ns = to_ns;
  }
  if (to_ns - time_ns > kMaxSilenceNs) {
    set_prior();
    time_ns = to_ns;
  }
  const SessionNs longest_ns = dynamics[static_cast<std::size_t>(set)].max_step_ns;
  while (to_ns - time_ns > longest_ns) {
    step_by(longest_ns, kNoRow);
    time_ns += longest_ns;
  }
  const SessionNs rest_ns = std::max<SessionNs>(to_ns - time_ns, 0);
  if (rest_ns > 0 || row != kNoRow) step_by(rest_ns, row);
  time_ns += rest_ns;
}

HeadingFilter::HeadingFilter() : state_(std::make_unique<State>()) {}
HeadingFilter::~HeadingFilter() = default;
HeadingFilter::HeadingFilter(HeadingFilter&&) noexcept = default;
HeadingFilter& HeadingFilter::operator=(HeadingFilter&&) noexcept = default;

void HeadingFilter::prepare(const HeadingModel& model, Kernel kernel) {
  require(!model.units.empty(), "has no unit");
  require(model.temper > 0.0F && model.temper <= 1.0F, "temper must be in (0, 1]");
  require(model.evidence_tau_s >= 0.1F && model.gain_tau_s >= 0.1F, "memories must be 0.1 s or longer");
  require(model.gain_min > 0.0F && model.gain_min <= 1.0F && model.gain_max >= 1.0F, "gain bounds must enclose 1");
  if (!kernel_available(kernel))
    throw std::invalid_argument(std::string("this machine has no kernel ") + name_of(kernel));
  auto fresh = std::make_unique<State>();
  State& s = *fresh;
  s.kind = resolve_kernel(kernel);
  s.step = step_of(s.kind);
  s.temper = model.temper;
  s.lag_s = model.lag_s;
  require(std::fabs(model.lag_s) <= 1.0F, "the lag must be within 1 s");
  require(model.frame_sd_rad >= 0.0F && model.frame_sd_rad < 3.0F, "frame error must be in [0, 3) rad");
  const circle::Kernel frame = circle::gaussian(static_cast<double>(model.frame_sd_rad));
  for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) s.frame_kernel[bin] = static_cast<float>(frame[bin]);
  s.frame_length = static_cast<float>(circle::mean(frame).length);
  s.gain_tau_s = model.gain_tau_s;
  s.gain_min = model.gain_min;
  s.gain_max = model.gain_max;
  s.evidence_tau_s = model.evidence_tau_s;
  for (std::size_t i = 0; i < 3; ++i) s.dynamics[i] = plan_of(model.dynamics[i]);
  s.row_of_unit.fill(kNoRow);
  double mean_hz = 0.0;
  for (std::size_t angle = 0; angle < kHeadingAngles; ++angle) {
    const double theta = kTwoPi * static_cast<double>(angle) / static_cast<double>(kHeadingAngles);
    s.ones.value[angle] = 1.0F;
    s.cosine.value[angle] = static_cast<float>(math::cos(theta));
    s.sine.value[angle] = static_cast<float>(math::sin(theta));
  }
  std::array<double, kHeadingAngles> total_hz{};
  for (const HeadingUnit& unit : model.units) {
    require(unit.unit < kMaxUnits && s.row_of_unit[unit.unit] == kNoRow, "a unit number is too large or there twice");
    require(unit.mean_rate_hz >= kLowestRateHz && unit.mean_rate_hz <= kHighestRateHz,
            "a unit's mean rate is not between 0.001 and 10,000 Hz");
    s.row_of_unit[unit.unit] = static_cast<std::uint16_t>(s.ratio.size());
    mean_hz += static_cast<double>(unit.mean_rate_hz);
    kernel::Circle& ratio = s.ratio.emplace_back();
    kernel::Circle& tempered = s.tempered.emplace_back();
    for (std::size_t angle = 0; angle < kHeadingAngles; ++angle) {
      const float rate_hz = unit.rate_hz[angle];
      require(rate_hz >= kLowestRateHz && rate_hz <= kHighestRateHz, "a rate is not between 0.001 and 10,000 Hz");
      total_hz[angle] += static_cast<double>(rate_hz);
      ratio.value[angle] = rate_hz / unit.mean_rate_hz;
      tempered.value[angle] = static_cast<float>(
          math::exp(static_cast<double>(model.temper) * math::log(static_cast<double>(ratio.value[angle]))));
    }
  }
  for (std::size_t angle = 0; angle < kHeadingAngles; ++angle) {
    s.rate_total_hz.value[angle] = static_cast<float>(total_hz[angle]);
    s.rate_excess_hz.value[angle] = static_cast<float>(total_hz[angle] - mean_hz);
    s.largest_excess_hz = std::max(s.largest_excess_hz, std::fabs(s.rate_excess_hz.value[angle]));
  }
  s.set_prior();
  state_ = std::move(fresh);
}

void HeadingFilter::reset() noexcept {
  State& s = *state_;
  s.set_prior();
  s.observed = s.expected = 0.0F;
  s.gain = 1.0F;
  s.evidence_nats = s.recent_spikes = s.recent_weight_s = 0.0F;
  s.total_evidence_nats = 0.0;
  s.time_ns = 0;
  s.started = false;
}

void HeadingFilter::set_dynamics(Dynamics dynamics) noexcept { state_->set = dynamics; }
Dynamics HeadingFilter::dynamics() const noexcept { return state_->set; }

void HeadingFilter::advance(SessionNs time_ns) noexcept {
  if (state_->started && time_ns <= state_->time_ns) return;
  state_->go_to(time_ns, kNoRow);
}

void HeadingFilter::spike(SessionNs time_ns, UnitId unit) noexcept {
  State& s = *state_;
  const std::uint16_t row = unit < kMaxUnits ? s.row_of_unit[unit] : kNoRow;
  if (row == kNoRow) {
    ++s.unknown;
    return advance(time_ns);
  }
  ++s.spikes;
  if (s.started && time_ns < s.time_ns) ++s.late;
  s.go_to(s.started ? std::max(time_ns, s.time_ns) : time_ns, row);
}

HeadingOutput HeadingFilter::estimate() const noexcept {
  const State& s = *state_;
  const double norm = static_cast<double>(s.now.norm);
  const double x = static_cast<double>(s.now.cosine) / norm;
  const double y = static_cast<double>(s.now.sine) / norm;
  const float mode_norm = s.now.right + s.now.rest + s.now.left;
  const double velocity = static_cast<double>(s.now.velocity_rad_s / mode_norm);
  const double lag_rad = velocity * static_cast<double>(s.lag_s);
  HeadingOutput out{};
  out.angle_rad = circle::wrapped_float(math::atan2(y, x) - lag_rad);
  out.map_angle_rad = circle::wrapped_float(
      static_cast<double>(circle::maximum(std::span<const float, kHeadingAngles>(s.now.marginal.value))) - lag_rad);
  out.concentration = static_cast<float>(std::min(1.0, std::sqrt(x * x + y * y))) * s.frame_length;
  out.p_right = s.now.right / mode_norm;
  out.p_rest = s.now.rest / mode_norm;
  out.p_left = s.now.left / mode_norm;
  out.angular_velocity_rad_s = static_cast<float>(velocity);
  out.evidence_nats_per_spike = s.recent_spikes > 0.0F ? s.evidence_nats / std::max(s.recent_spikes, 1.0F) : 0.0F;
  out.spikes_per_s = s.recent_weight_s > 0.0F ? s.recent_spikes / std::max(s.recent_weight_s, 0.01F) : 0.0F;
  out.dynamics = s.set;
  return out;
}

SessionNs HeadingFilter::time() const noexcept { return state_->time_ns; }
bool HeadingFilter::has_unit(UnitId unit) const noexcept {
  return unit < kMaxUnits && !state_->ratio.empty() && state_->row_of_unit[unit] != kNoRow;
}
void HeadingFilter::posterior(std::span<float, kHeadingAngles> out) const noexcept {
  const State& s = *state_;
  const float* const marginal = s.now.marginal.value;
  if (s.frame_length >= 1.0F) {
    for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) out[bin] = marginal[bin] / s.now.norm;
    return;
  }
  std::fill(out.begin(), out.end(), 0.0F);
  for (std::size_t offset = 0; offset < kHeadingAngles; ++offset) {
    const float weight = s.frame_kernel[offset] / s.now.norm;
    for (std::size_t bin = offset; bin < kHeadingAngles; ++bin) out[bin] += weight * marginal[bin - offset];
    for (std::size_t bin = 0; bin < offset; ++bin) out[bin] += weight * marginal[bin + kHeadingAngles - offset];
  }
}
float HeadingFilter::credible_95_rad() const noexcept {
  std::array<float, kHeadingAngles> p{};
  posterior(p);
  return static_cast<float>(circle::highest_density_size(p, 0.95));
}
float HeadingFilter::lag_s() const noexcept { return state_->lag_s; }
float HeadingFilter::gain() const noexcept { return state_->gain; }
double HeadingFilter::total_evidence_nats() const noexcept { return state_->total_evidence_nats; }
std::uint64_t HeadingFilter::spikes() const noexcept { return state_->spikes; }
std::uint64_t HeadingFilter::late() const noexcept { return state_->late; }
std::uint64_t HeadingFilter::unknown_units() const noexcept { return state_->unknown; }
Kernel HeadingFilter::kernel() const noexcept { return state_->kind; }

bool kernel_available(Kernel kernel) noexcept {
#ifdef VTURN_X86_KERNELS
  if (kernel == Kernel::avx2) return __builtin_cpu_supports("avx2") != 0;
  if (kernel == Kernel::avx512) {
    return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
           __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512bw") != 0;
  }
#endif
  return kernel == Kernel::scalar || kernel == Kernel::automatic;
}

Kernel resolve_kernel(Kernel kernel) noexcept {
  if (kernel != Kernel::automatic) return kernel;
  if (kernel_available(Kernel::avx512)) return Kernel::avx512;
  return kernel_available(Kernel::avx2) ? Kernel::avx2 : Kernel::scalar;
}

const char* name_of(Kernel kernel) noexcept {
  switch (kernel) {
    case Kernel::scalar:
      return "scalar";
    case Kernel::avx2:
      return "avx2";
    case Kernel::avx512:
      return "avx512";
    case Kernel::automatic:
      return "automatic";
  }
  return "";
}

}  // namespace vturn
