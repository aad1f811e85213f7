#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "daemon/core/output_event.hpp"
#include "daemon/core/types.hpp"

namespace vturn::trigger {

inline constexpr std::size_t kMaxRules = 64;
inline constexpr std::size_t kMaxOutputs = 16;

/// Relative frequencies of the arms, drawn from the seed; only their ratios count.
struct ArmWeights {
  double stim = 1.0;
  double sham = 0.0;
  double delayed = 0.0;
};

/// One [[rule]] of the rig file. Counts of 0 mean "no limit".
struct RuleSettings {
  CauseKind when = CauseKind::kTurn;
  Direction direction = Direction::kNone;  ///< kNone: either. Not for `sleep`
  SleepState state = SleepState::kRem;     ///< in which it may fire; for `sleep`: the state entered
  float min_state_probability = 0.9F;
  ArmWeights arms;
  std::uint8_t output = 0;  ///< index in TriggerSettings::outputs
  std::int64_t refractory_ns = 500 * kNsPerMs;
  std::uint32_t max_per_minute = 30;
  std::uint32_t max_per_session = 2000;
  std::int64_t max_decision_age_ns = 20 * kNsPerMs;  ///< now_mono_ns - arrival_mono_ns of the deciding input
  /// Log evidence per spike below which the rule is inhibited; -inf = does not look at the heading.
  float min_evidence_nats_per_spike = -std::numeric_limits<float>::infinity();
  std::int64_t dwell_ns = 0;               ///< time in `state` before it may fire; `sleep` rules fire when it is over
  std::int64_t delay_ns = 200 * kNsPerMs;  ///< of the delayed arm
  std::int64_t valid_for_ns = 100 * kNsPerMs;  ///< Trigger.valid_until_ns - decision
  bool movement_inhibits = true;               ///< false only for rules meant for the waking, moving animal
  std::uint32_t sources = 0;  ///< bit i: the rule rests on source i (its gaps, silence and clock inhibit it)
};

struct OutputSettings {
  std::int64_t pulse_ns = 10 * kNsPerMs;  ///< 0 = an output without duration
};

struct SourceSettings {
  bool is_master = false;
  bool carries_spikes = false;
  bool carries_motion = false;
  std::int64_t silent_after_ns = kNsPerS;  ///< monotonic time without data after which the source is silent
};

/// How long the cause of an inhibit must have been gone before the inhibit clears, session time.
struct HoldTimes {
  std::int64_t gap_ns = kNsPerS;
  std::int64_t movement_ns = 2 * kNsPerS;
  std::int64_t low_evidence_ns = 250 * kNsPerMs;
  std::int64_t wrong_state_ns = 0;  ///< a rule's dwell_ns counts as well: the longer holds
  std::int64_t state_unknown_ns = 0;
  std::int64_t late_decision_ns = 100 * kNsPerMs;
  std::int64_t clock_uncertain_ns = kNsPerS;
  std::int64_t not_recorded_ns = kNsPerS;
  std::int64_t master_lost_ns = kNsPerS;
  std::int64_t source_silent_ns = kNsPerS;
};

struct LimitSettings {
  double duty_max = 0.05;  ///< of each output's time, over any duty_window_ns of session time
  std::int64_t duty_window_ns = 60 * kNsPerS;
  std::uint64_t max_pulses_per_session = 0;  ///< over all rules; reached = disarmed. 0 = no limit
  std::int64_t max_on_time_ns = 0;           ///< summed pulse time over all rules; reached = disarmed. 0 = no limit
  /// More than this many inhibits by faults (gap, silence, clock, recording, late decision) within an hour of session
  /// time, while armed, disarm. Movement, evidence and sleep states do not count: they are the animal's, not the rig's.
  std::uint32_t max_inhibits_per_hour = 60;  ///< 0 = no limit
};

struct TriggerSettings {
  std::vector<RuleSettings> rules;      ///< at most kMaxRules, in the rig file's order
  std::vector<OutputSettings> outputs;  ///< at most kMaxOutputs
  std::vector<SourceSettings> sources;  ///< at most kMaxSources, exactly one master
  LimitSettings limits;
  HoldTimes hold;
  std::int64_t max_clock_uncertainty_ns = 5 * kNsPerMs;
  std::int64_t master_lost_after_ns = kNsPerS;  ///< monotonic
  std::int64_t sleep_stale_after_ns = kNsPerS;  ///< without a sleep estimate for this long the state is unknown
  std::int64_t output_timeout_ns = kNsPerS;     ///< monotonic; an output that gives no result within it has failed
  bool movement_told = true;                    ///< some signal of the rig tells movement to the sleep model
  bool motion_acknowledged_absent = false;      ///< the rig file says that there is no motion signal
  std::uint64_t seed = 0;                       ///< of the arms; logged
};

/// Empty when the settings can be used, else one line: what is wrong with which rule, output or source.
std::string problem_of(const TriggerSettings& settings);

}  // namespace vturn::trigger
