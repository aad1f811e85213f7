#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "daemon/core/input_event.hpp"
#include "daemon/core/output_buffer.hpp"
#include "daemon/trigger/inhibits.hpp"
#include "daemon/trigger/recent.hpp"
#include "daemon/trigger/settings.hpp"

namespace vturn::trigger {

/// Rules, arms, limits and interlocks: turns what the engine has recognised into kTrigger events, or into kVeto events
/// that say why not (DESIGN §3). Stimulation is off unless everything says on.
///
/// The engine calls input() first with every input event, then observe() with every turn, population, sleep and heading
/// output of that step. Published here: kTrigger, kVeto, kPulseStop, and of kSession: kArmed, kDisarmed, kArmRefused,
/// kInhibitOn, kInhibitOff, kSelfTest (the others are the engine's). Inhibits of a single rule (wrong state, low
/// evidence, late decision) are told by its vetoes and inhibits(), not as session changes.
///
/// Time: arming, refractory, rates, duty and hold times run in session time as the clock master's events and the ticks
/// tell it; liveness, decision age and output time-outs compare the events' monotonic stamps. No clock is read.
///
/// Commands: kArm (value_ns = duration), kDisarm, kShutdown and kLoadModel (disarm), kAcknowledgeNoMotion, kSelfTest
/// (value_ns = 1 passed, 0 failed: whoever ran the test tells its result).
///
/// An output that got a kTrigger answers with an OutputResultInput of the same trigger_id: kFired and kSham consume the
/// arm and charge the limits; kRefused does neither and is told by a kVeto (kOutputRefused); kFailed, or no answer
/// within output_timeout_ns, charges and disarms. Until then the output takes no other trigger. kNotStopped: the pulse
/// counts as running until its end, and one of more than 100 ms disarms. Pure, noexcept, no allocation after
/// prepare().
class Trigger {
 public:
  /// Forgets everything; disarmed with reason kDaemonStart. Throws std::invalid_argument(problem_of(settings)).
  void prepare(const TriggerSettings& settings);

  void input(const InputEvent& event, OutputBuffer& out) noexcept;
  /// `deciding` is the input event of this step; its stamps give the decision's age.
  void observe(const OutputEvent& event, const InputEvent& deciding, OutputBuffer& out) noexcept;

  [[nodiscard]] bool armed() const noexcept { return armed_; }
  [[nodiscard]] SessionNs armed_until_ns() const noexcept { return armed_until_ns_; }
  /// Why it is not armed; kNone when it is.
  [[nodiscard]] VetoReason disarm_reason() const noexcept { return armed_ ? VetoReason::kNone : disarm_reason_; }
  /// Bit i: an inhibit of VetoReason i is on for some rule.
  [[nodiscard]] std::uint32_t inhibits() const noexcept { return inhibits_.mask(); }
  /// Arms of this rule used up so far.
  [[nodiscard]] std::uint64_t consumed(std::size_t rule) const noexcept { return rule_states_[rule].consumed; }
  /// Output results that no trigger was waiting for.
  [[nodiscard]] std::uint64_t stray_results() const noexcept { return stray_results_; }
  [[nodiscard]] SessionNs session_now_ns() const noexcept { return now_ns_; }

 private:
  struct Delayed {
    bool pending = false;
    SessionNs decided_ns = 0;
    SessionNs due_ns = 0;
    Cause cause{};
  };
  struct RuleState {
    Recent minute;
    std::uint64_t charged = 0;
    std::uint64_t consumed = 0;
    bool fired = false;
    SessionNs last_fired_ns = 0;
    bool entry_seen = false;  ///< a sleep rule has had its chance in the present state
    float evidence = 0.0F;
    double age_ms = 0.0;
    Delayed delayed;
  };
  enum class PulsePhase : std::uint8_t { kIdle, kAwaited, kRunning };
  struct OutputState {
    Recent duty;
    PulsePhase phase = PulsePhase::kIdle;
    bool stopped = false;
    std::uint16_t rule = 0;
    std::uint32_t trigger_id = 0;
    SessionNs decided_ns = 0;
    MonoNs issued_mono_ns = 0;
    Cause cause{};
  };
  struct SourceState {
    bool seen = false;
    bool silent = true;
    MonoNs last_arrival_mono_ns = 0;
    std::int64_t clock_uncertainty_ns = 0;
  };
  /// Why a rule may not fire, with the value that failed and what was asked of it.
  struct Refusal {
    VetoReason reason = VetoReason::kNone;
    double detail = 0.0;
    double required = 0.0;
  };

  // trigger.cpp: inputs, time, liveness, arming
  void advance_clock(const InputEvent& event, OutputBuffer& out) noexcept;
  void note_arrival(const InputEvent& event, OutputBuffer& out) noexcept;
  void check_liveness(OutputBuffer& out) noexcept;
  void check_outputs(OutputBuffer& out) noexcept;
  void source_changed(const InputEvent& event, OutputBuffer& out) noexcept;
  void command(const InputEvent& event, OutputBuffer& out) noexcept;
  void arm(const CommandInput& command, OutputBuffer& out) noexcept;
  void shut(const CommandInput& command, OutputBuffer& out) noexcept;
  void self_tested(const CommandInput& command, OutputBuffer& out) noexcept;
  [[nodiscard]] VetoReason arm_refusal(const CommandInput& command, SourceIndex& source) const noexcept;
  void disarm(VetoReason reason, SourceIndex source, std::uint32_t request, OutputBuffer& out) noexcept;
  void clear_inhibits(OutputBuffer& out) noexcept;
  SessionOutput& session(SessionChange change, VetoReason reason, OutputBuffer& out) noexcept;

  // inhibiting.cpp: changes of inhibits and what follows from them
  void inhibit(Inhibit* inhibit, bool present, OutputBuffer& out) noexcept;
  void inhibit_once(Inhibit* inhibit, OutputBuffer& out) noexcept;
  void inhibited(const Inhibit& inhibit, OutputBuffer& out) noexcept;
  void observe_sleep(const SleepOutput& sleep, OutputBuffer& out) noexcept;
  void observe_heading(const HeadingOutput& heading, OutputBuffer& out) noexcept;
  void set_state(SleepState state, OutputBuffer& out) noexcept;
  [[nodiscard]] bool alive(SourceIndex source, std::int64_t silent_after_ns) const noexcept;
  [[nodiscard]] bool master_alive() const noexcept;
  [[nodiscard]] bool totals_reached() const noexcept;
  [[nodiscard]] bool motion_acknowledged_absent() const noexcept {
    return settings_.motion_acknowledged_absent || no_motion_acknowledged_;
  }

  // gates.cpp: from a matching event to a trigger or a veto
  void match(const Cause& cause, Direction direction, SessionNs time_ns, const InputEvent& deciding,
             OutputBuffer& out) noexcept;
  void consider(std::uint16_t rule, const Cause& cause, SessionNs time_ns, const InputEvent& deciding,
                OutputBuffer& out) noexcept;
  void enter_state(const Cause& cause, SessionNs time_ns, const InputEvent& deciding, OutputBuffer& out) noexcept;
  void run_delayed(const InputEvent& deciding, OutputBuffer& out) noexcept;
  [[nodiscard]] Refusal refusal_of(std::uint16_t rule, OutputBuffer& out) noexcept;
  [[nodiscard]] Refusal explain(const Inhibit& inhibit, std::uint16_t rule) const noexcept;
  [[nodiscard]] Refusal condition_of(std::uint16_t rule) const noexcept;
  [[nodiscard]] Refusal limit_of(std::uint16_t rule, OutputBuffer& out) noexcept;
  [[nodiscard]] Refusal misplaced(SessionNs time_ns) const noexcept;
  void check_age(std::uint16_t rule, const InputEvent& deciding, OutputBuffer& out) noexcept;
  void veto(std::uint16_t rule, const Cause& cause, const Refusal& refusal, OutputBuffer& out) noexcept;
  void fire(std::uint16_t rule, Arm arm, const Cause& cause, const InputEvent& deciding, OutputBuffer& out) noexcept;
  [[nodiscard]] float probability_of(SleepState state) const noexcept;

  // pulses.cpp: what became of a trigger
  void result(const OutputResultInput& result, OutputBuffer& out) noexcept;
  void charge(std::uint8_t index) noexcept;
  void stop_pulse(std::uint8_t output, VetoReason reason, OutputBuffer& out) noexcept;
  [[nodiscard]] bool pulse_running(std::uint8_t output) const noexcept;

  TriggerSettings settings_;
  Inhibits inhibits_;
  std::vector<RuleState> rule_states_;
  std::vector<OutputState> output_states_;
  std::array<SourceState, kMaxSources> sources_{};
  SourceIndex master_ = kNoSource;
  std::uint32_t used_sources_ = 0;
  bool any_motion_ = false;

  bool clock_started_ = false;
  SessionNs now_ns_ = 0;
  MonoNs now_mono_ns_ = 0;
  SampleIndex sample_ = 0;

  bool armed_ = false;
  SessionNs armed_until_ns_ = 0;
  VetoReason disarm_reason_ = VetoReason::kDaemonStart;
  bool self_test_passed_ = false;
  bool no_motion_acknowledged_ = false;
  Recent faults_;

  SleepState state_ = SleepState::kUnknown;
  SessionNs state_since_ns_ = 0;
  bool sleep_seen_ = false;
  SessionNs last_sleep_ns_ = 0;
  SleepOutput sleep_{};

  std::uint64_t pulses_ = 0;
  std::int64_t on_time_ns_ = 0;
  std::size_t delayed_ = 0;
  std::uint32_t next_trigger_id_ = 1;
  std::uint64_t stray_results_ = 0;
};

}  // namespace vturn::trigger
