#pragma once

#include <cstddef>
#include <cstdint>

namespace vturn {

/// Session time: nanoseconds on the clock master's sample clock, unwrapped, going on through epochs (DESIGN §2).
using SessionNs = std::int64_t;
/// CLOCK_MONOTONIC of this machine, nanoseconds.
using MonoNs = std::int64_t;
/// Sample number at the source, unwrapped to 64 bits.
using SampleIndex = std::int64_t;

/// A unit as the models name it. Dense and small; kNoUnit for an electrode that no rule of the rig file maps.
using UnitId = std::uint32_t;
inline constexpr UnitId kNoUnit = 0xFFFFFFFFU;
inline constexpr UnitId kMaxUnits = 1024;

/// Index of a source in the rig file's order.
using SourceIndex = std::uint16_t;
inline constexpr SourceIndex kNoSource = 0xFFFFU;
inline constexpr SourceIndex kMaxSources = 16;

inline constexpr std::int64_t kNsPerMs = 1'000'000;
inline constexpr std::int64_t kNsPerS = 1'000'000'000;
constexpr double seconds(std::int64_t ns) noexcept { return static_cast<double>(ns) * 1e-9; }

enum class SleepState : std::uint8_t { kUnknown = 0, kWake = 1, kNrem = 2, kRem = 3 };
/// CLOCKWISE is the animal's right turn seen from above (angle falls).
enum class Direction : std::uint8_t { kNone = 0, kClockwise = 1, kCounterclockwise = 2 };
/// Of the decoded against the tracked heading in wake. Rotated: the whole frame turned, which leaves turns as they are.
enum class TuningState : std::uint8_t { kUnknown = 0, kGood = 1, kRotated = 2, kLost = 3 };

/// Why a signal cannot be used for sleep.
enum class SignalProblem : std::uint8_t {
  kNone = 0,
  kMissing,    ///< no samples come
  kSettling,   ///< its filters have just begun
  kFlat,       ///< the same value, or no power
  kSaturated,  ///< the amplifier's limit, or no number
  kBurst,      ///< broadband, far above what it was
  kBlanked     ///< a stimulus
};

/// How one signal of sleep has been over the last ten seconds or so.
struct SignalQuality {
  int signal = -1;                               ///< index of the rig file's distinct signals
  float usable_share = 0.0F;                     ///< running, 0..1
  SignalProblem problem = SignalProblem::kNone;  ///< the latest in ten seconds
};
inline constexpr std::size_t kMaxSleepSignals = 6;
enum class Dynamics : std::uint8_t { kWake = 0, kRem = 1, kNrem = 2 };

}  // namespace vturn
