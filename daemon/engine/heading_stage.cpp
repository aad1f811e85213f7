#include "daemon/engine/heading_stage.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "daemon/decode/circle.hpp"

namespace vturn {
namespace {

/// First grid point at or after `time_ns`.
SessionNs grid_after(SessionNs time_ns) noexcept {
  const SessionNs below = time_ns / HeadingStage::kGridNs * HeadingStage::kGridNs;
  return below >= time_ns ? below : below + HeadingStage::kGridNs;
}

Dynamics dynamics_in(SleepState state) noexcept {
  if (state == SleepState::kRem) return Dynamics::kRem;
  return state == SleepState::kNrem ? Dynamics::kNrem : Dynamics::kWake;
}

}  // namespace

void HeadingStage::prepare(const EngineSettings& settings) {
  has_heading_ = settings.heading.has_value();
  has_population_ = settings.population.has_value();
  if (has_heading_) set_.prepare(settings);
  coupling_.prepare(settings.coupling);
  if (has_population_) population_.prepare(*settings.population);
}

void HeadingStage::reset() noexcept {
  if (has_heading_) {
    set_.reset();
    coupling_.reset();
    decoded_size_ = tracked_size_ = 0;
  }
  if (has_population_) population_.reset();
  started_ = false;
  window_ = WindowedHeading{};
}

std::uint8_t HeadingStage::undetectable_sides() const noexcept {
  std::uint8_t sides = 0;
  for (const Direction side : {Direction::kClockwise, Direction::kCounterclockwise}) {
    if (has_population_ && !population_.detectable(side))
      sides |= static_cast<std::uint8_t>(1U << static_cast<unsigned>(side));
  }
  return sides;
}

void HeadingStage::sleep_state(SleepState state) noexcept {
  if (state == state_) return;
  state_ = state;
  tracked_size_ = 0;
  if (has_heading_) set_.set_dynamics(dynamics_in(state));
}

void HeadingStage::exchange(HeadingSet& other) noexcept {
  std::swap(set_, other);
  has_heading_ = true;
  set_.set_dynamics(dynamics_in(state_));
  coupling_.reset();  // the heading jumps, which is no turn
  estimate_ = set_.filter.estimate();
  decoded_size_ = tracked_size_ = 0;
  told_ = TuningState::kGood;  // nothing bad has been told of the new one
}

void HeadingStage::tracked(const InputEvent& event, OutputBuffer& out) noexcept {
  if (!has_heading_ || state_ != SleepState::kWake || event.session_time_ns < 0) return;
  if (tracked_size_ == kMaxTracked) tracked_size_ = 0;  // no spike for so long: nothing to compare with
  tracked_[tracked_size_++] = {event.session_time_ns, event.payload.heading.angle_rad};
  compare(event.source_sample, out);
}

void HeadingStage::remember(SessionNs time_ns) noexcept {
  decoded_size_ = time_ns == decoded_ns_ + kGridNs ? std::min(decoded_size_ + 1, kMaxDecoded) : 1;
  decoded_ns_ = time_ns;
  decoded_rad_[static_cast<std::size_t>(time_ns / kGridNs) % kMaxDecoded] = estimate_.angle_rad;
}

void HeadingStage::compare(SampleIndex sample, OutputBuffer& out) noexcept {
  std::size_t kept = 0;
  bool changed = false;
  for (std::size_t i = 0; i < tracked_size_; ++i) {
    const SessionNs grid_ns = grid_after(tracked_[i].time_ns);
    if (grid_ns > decoded_ns_) {
      tracked_[kept++] = tracked_[i];
    } else if (static_cast<std::size_t>((decoded_ns_ - grid_ns) / kGridNs) < decoded_size_) {
      const float decoded_rad = decoded_rad_[static_cast<std::size_t>(grid_ns / kGridNs) % kMaxDecoded];
      changed = set_.drift.compare(tracked_[i].time_ns, static_cast<double>(tracked_[i].angle_rad),
                                   static_cast<double>(decoded_rad)) ||
                changed;
    }
  }
  tracked_size_ = kept;
  if (changed) tell_tuning(decoded_ns_, sample, out);
}

void HeadingStage::tell_tuning(SessionNs time_ns, SampleIndex sample, OutputBuffer& out) noexcept {
  const TuningFigures& figures = set_.drift.figures();
  if (figures.state == TuningState::kUnknown || figures.state == told_) return;
  told_ = figures.state;
  SessionOutput& told = out.add(OutputKind::kSession, time_ns, sample).payload.session;
  told = SessionOutput{told_ == TuningState::kLost      ? SessionChange::kTuningLost
                       : told_ == TuningState::kRotated ? SessionChange::kFrameRotated
                                                        : SessionChange::kTuningGood,
                       VetoReason::kNone,
                       kNoSource,
                       0,
                       static_cast<std::uint64_t>(std::llround(1e3 * figures.scatter_deg)),
                       std::llround(1e3 * figures.rotation_deg)};
}

void HeadingStage::spike(const InputEvent& event, OutputBuffer& out) noexcept {
  const SpikeInput& spike = event.payload.spike;
  if (started_ && event.session_time_ns < time_ns_) ++late_;
  advance_to(event.session_time_ns, event.source_sample, out);
  if (spike.unit == kNoUnit) return;
  if (has_heading_ && set_.filter.has_unit(spike.unit)) {
    set_.spike(event.session_time_ns, spike.unit);
    estimate_ = set_.filter.estimate();
    detect(time_ns_, event.source_sample, out);
  }
  if (has_population_) {
    population_.spike(event.session_time_ns, spike.unit);
    detect_population(time_ns_, event.source_sample, out);
  }
}

void HeadingStage::silence(SessionNs master_ns, SampleIndex sample, OutputBuffer& out) noexcept {
  if (!started_ || master_ns - kSilenceLagNs <= time_ns_) return;
  advance_to(master_ns - kSilenceLagNs, sample, out);
}

void HeadingStage::advance_to(SessionNs time_ns, SampleIndex sample, OutputBuffer& out) noexcept {
  if (!started_) {
    started_ = true;
    time_ns_ = time_ns;
    next_grid_ns_ = grid_after(time_ns);
  }
  if (time_ns - next_grid_ns_ > kMaxCatchUpNs) next_grid_ns_ = grid_after(time_ns - kMaxCatchUpNs);
  for (; next_grid_ns_ <= time_ns; next_grid_ns_ += kGridNs) grid_step(next_grid_ns_, sample, out);
  time_ns_ = std::max(time_ns_, time_ns);
}

void HeadingStage::grid_step(SessionNs time_ns, SampleIndex sample, OutputBuffer& out) noexcept {
  time_ns_ = time_ns;
  if (has_population_) detect_population(time_ns, sample, out);
  if (!has_heading_) return;
  set_.advance(time_ns);
  if (time_ns % UnitFeatures::kHeadingStepNs == 0) {
    const MemorylessDecoder::Posterior window = set_.window.posterior_and_evidence();
    window_ = {time_ns, circle::mean(window.p).angle_rad, window.evidence_nats};
  }
  estimate_ = set_.filter.estimate();
  estimate_.credible_95_rad = set_.filter.credible_95_rad();
  estimate_.twin_evidence_nats_per_spike = set_.twin.estimate().evidence_nats_per_spike;
  out.add(OutputKind::kHeading, time_ns, sample).payload.heading = estimate_;
  coupling_.heading(time_ns, estimate_.angle_rad, state_);
  remember(time_ns);
  compare(sample, out);
  detect(time_ns, sample, out);
}

void HeadingStage::detect(SessionNs time_ns, SampleIndex sample, OutputBuffer& out) noexcept {
  TurnOutput turn{};
  if (set_.turns.step(time_ns, estimate_, state_, turn))
    out.add(OutputKind::kTurn, time_ns, sample).payload.turn = turn;
}

void HeadingStage::detect_population(SessionNs time_ns, SampleIndex sample, OutputBuffer& out) noexcept {
  PopulationOutput event{};
  while (population_.step(time_ns, state_, event)) {
    if (has_heading_) {
      const turns::ProportionEstimate coupling = coupling_.estimate(event.side, state_);
      const turns::ProportionEstimate shuffled = coupling_.shuffled(event.side, state_);
      event.coupling = static_cast<float>(coupling.probability);
      event.coupling_low = static_cast<float>(coupling.low);
      event.coupling_high = static_cast<float>(coupling.high);
      event.shuffled = static_cast<float>(shuffled.probability);
      event.shuffled_low = static_cast<float>(shuffled.low);
      event.shuffled_high = static_cast<float>(shuffled.high);
      coupling_.event(time_ns, event.side, state_);
    }
    out.add(OutputKind::kPopulation, time_ns, sample).payload.population = event;
  }
}

}  // namespace vturn
