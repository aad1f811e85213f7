#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "daemon/core/types.hpp"

namespace vturn {

enum class OutputKind : std::uint8_t {
  kHeading = 1,
  kSleep,
  kTurn,
  kPopulation,
  kTrigger,
  kVeto,
  kSession,
  kPulseStop,  ///< ends a running pulse (inhibit or disarm); not published as a topic of its own
};

struct HeadingOutput {
  float angle_rad;                ///< circular mean of the posterior
  float map_angle_rad;            ///< its maximum
  float concentration;            ///< mean resultant length, 0..1
  float p_rest, p_left, p_right;  ///< left = counter-clockwise
  float angular_velocity_rad_s;
  float evidence_nats_per_spike;  ///< against the mean-rate model, running mean
  float spikes_per_s;
  Dynamics dynamics;
  float credible_95_rad;               ///< size of the smallest set that holds 95 % of the posterior
  float twin_evidence_nats_per_spike;  ///< of the same spikes with permuted cell identities: what no ring would give
};

inline constexpr std::size_t kMaxSleepFeatures = 16;
struct SleepOutput {
  SleepState state;
  std::uint8_t feature_count;
  std::uint8_t moving;  ///< 1 while motion inhibits
  float p_wake, p_nrem, p_rem;
  float time_in_state_s;
  float motion;   ///< log motion above its NREM median, in its NREM MADs; NaN-free: 0 without a motion signal
  float quality;  ///< 0..1
  std::array<float, kMaxSleepFeatures> features;  ///< as the model sees them (log, offset-corrected)
  std::uint8_t motion_unmeasured;                 ///< 1 while no signal tells movement
};

enum class TurnPhase : std::uint8_t { kOnset = 1, kEnd = 2 };
struct TurnOutput {
  SessionNs onset_time_ns;     ///< estimated start of the rotation
  SessionNs decision_time_ns;  ///< when the evidence sufficed
  float angle_rad;             ///< signed, so far (counter-clockwise positive)
  float peak_velocity_rad_s;   ///< signed
  float log_odds;
  Direction direction;
  TurnPhase phase;
  SleepState sleep_state;
};

struct PopulationOutput {
  Direction side;  ///< which turn cells: clockwise or counter-clockwise
  float rate_hz;   ///< summed over the side's cells
  float z;
  float coupling, coupling_low, coupling_high;  ///< P(heading turns the same way within ±500 ms | event), 95 % interval
  float shuffled, shuffled_low, shuffled_high;  ///< the same around these events moved to other times of the state
};

enum class CauseKind : std::uint8_t { kTurn = 1, kPopulation, kSleep };
struct Cause {
  CauseKind kind;
  union Value {
    TurnOutput turn;
    PopulationOutput population;
    SleepOutput sleep;
  } value;
};

enum class Arm : std::uint8_t { kStim = 1, kSham, kDelayed };

struct TriggerOutput {
  Cause cause;
  SessionNs valid_until_ns;
  MonoNs decided_arrival_mono_ns;  ///< arrival of the deciding input: with the step's stamp it gives the decision's age
  float pulse_ms;
  float p_state;  ///< posterior of the rule's state at the decision
  std::uint32_t trigger_id;
  std::uint16_t rule;
  std::uint8_t output;
  Arm arm;
};

enum class VetoReason : std::uint8_t {
  kNone = 0,
  // conditions of the rule
  kWrongState,
  kLowStateProbability,
  kRefractory,
  kMaxPerMinute,
  kMaxPerSession,
  kDuty,
  kPulseRunning,
  // inhibits (clear by themselves)
  kGap,
  kMovement,
  kLowEvidence,
  kLateDecision,
  kClockUncertain,
  kNotRecorded,
  kMasterLost,
  kSourceSilent,
  kStateUnknown,
  // not armed, and why (latched)
  kNotArmed,
  kArmingLapsed,
  kNewEpoch,
  kLimitReached,
  kTooManyInhibits,
  kSelfTestFailed,
  kModelChanged,
  kNoMotionSignal,
  kOperator,
  kOutputFailed,
  kDaemonStart,
  // after the decision: the output would not take it
  kOutputRefused,
  kCount
};

struct VetoOutput {
  Cause cause;
  double detail;    ///< the value that failed
  double required;  ///< what was asked of it
  std::uint16_t rule;
  VetoReason reason;
};

enum class SessionChange : std::uint8_t {
  kStart = 1,
  kStop,
  kEpoch,
  kGap,
  kArmed,
  kDisarmed,
  kInhibitOn,
  kInhibitOff,
  kNote,
  kArmRefused,
  kSelfTest,
  kSourceUp,
  kSourceDown,
  kModelLoaded,
  kCalibrationStarted,
  kCalibrationStopped,
  kTuningLost,
  kFrameRotated,
  kTuningGood
};
struct SessionOutput {
  SessionChange change;
  VetoReason reason;      ///< of the disarm, inhibit or refusal
  SourceIndex source;     ///< kNoSource when none
  std::uint32_t request;  ///< control request answered, 0 when none
  std::uint64_t count;    ///< gap: messages lost; epoch: its number; tuning: scatter, thousandths of a degree
  /// Armed: until (session time); inhibit off: how long it held; model loaded: its hash; tuning: rotation of the frame,
  /// thousandths of a degree.
  std::int64_t value_ns;
};

struct PulseStopOutput {
  std::uint8_t output;
  VetoReason reason;
  std::uint32_t trigger_id;
};

/// What one step of the engine gives. Trivially copyable; hop stamps and names are added by the stages that publish it.
struct OutputEvent {
  SessionNs session_time_ns = 0;
  SampleIndex source_sample = 0;  ///< of the deciding input at its source
  OutputKind kind = OutputKind::kHeading;
  union Payload {
    HeadingOutput heading;
    SleepOutput sleep;
    TurnOutput turn;
    PopulationOutput population;
    TriggerOutput trigger;
    VetoOutput veto;
    SessionOutput session;
    PulseStopOutput pulse_stop;
    std::array<std::uint8_t, 136> bytes;
  } payload{.bytes = {}};
};
static_assert(sizeof(OutputEvent) == 160 && std::is_trivially_copyable_v<OutputEvent>);

}  // namespace vturn
