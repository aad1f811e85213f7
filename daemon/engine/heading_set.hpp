#pragma once

#include "daemon/decode/drift_watch.hpp"
#include "daemon/decode/heading_filter.hpp"
#include "daemon/decode/memoryless.hpp"
#include "daemon/engine/engine_settings.hpp"
#include "daemon/sleep/unit_features.hpp"
#include "daemon/turns/detector.hpp"

namespace vturn {

/// What a heading model brings into the engine. Made ready anywhere, swapped in by the engine without allocating.
struct HeadingSet {
  HeadingFilter filter;
  HeadingFilter twin;        ///< the same spikes under permuted identities: what evidence there is without a ring
  MemorylessDecoder window;  ///< what spikes tell of the heading whatever the state: a feature of sleep
  turns::Detector turns;
  DriftWatch drift;

  /// The only call that allocates. Throws std::invalid_argument for what cannot be run; `settings.heading` is there.
  void prepare(const EngineSettings& settings) {
    constexpr std::uint64_t kTwinSeed = 1;
    filter.prepare(*settings.heading, settings.kernel);
    twin.prepare(with_permuted_units(*settings.heading, kTwinSeed), settings.kernel);
    window.prepare(*settings.heading, UnitFeatures::kWindowNs);
    turns.prepare(settings.turns);
    drift.prepare(settings.heading->cross_validated.median_abs_error_deg);
  }
  void reset() noexcept {
    filter.reset();
    twin.reset();
    window.reset();
    turns.reset();
    drift.interrupt();
  }
  void set_dynamics(Dynamics dynamics) noexcept {
    filter.set_dynamics(dynamics);
    twin.set_dynamics(dynamics);
  }
  void spike(SessionNs time_ns, UnitId unit) noexcept {
    filter.spike(time_ns, unit);
    twin.spike(time_ns, unit);
    window.spike(time_ns, unit);
  }
  void advance(SessionNs time_ns) noexcept {
    filter.advance(time_ns);
    twin.advance(time_ns);
    window.advance(time_ns);
  }
};

}  // namespace vturn
