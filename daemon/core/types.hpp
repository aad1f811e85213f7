#pragma once

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
enum class Dynamics : std::uint8_t { kWake = 0, kRem = 1, kNrem = 2 };

}  // namespace vturn
