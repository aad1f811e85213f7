#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "daemon/core/output_event.hpp"
#include "daemon/core/types.hpp"
#include "daemon/decode/heading_model.hpp"

namespace vturn {

/// Point-process filter whose heading diffuses (Zhang et al. 1998's continuity, the published state-space decoders'
/// "random walk"): one parameter, no velocity. Beside the switching filter, so that published figures can be
/// reproduced.
class RandomWalkFilter {
 public:
  /// The only call that allocates. `diffusion_deg2_per_ms`: variance that heading gains in 1 ms (published: 1 to 8).
  void prepare(const HeadingModel& model, double diffusion_deg2_per_ms);
  void reset() noexcept;
  void advance(SessionNs time_ns) noexcept;
  /// Spikes older than the filter's time are applied at its time.
  void spike(SessionNs time_ns, UnitId unit) noexcept;
  /// Modes and velocity are 0.
  [[nodiscard]] HeadingOutput estimate() const noexcept;
  [[nodiscard]] const std::array<double, kHeadingAngles>& posterior() const noexcept { return p_; }
  [[nodiscard]] SessionNs time() const noexcept { return time_ns_; }
  [[nodiscard]] bool has_unit(UnitId unit) const noexcept { return unit < kMaxUnits && row_of_unit_[unit] >= 0; }

 private:
  void step(double dt_s) noexcept;
  void normalise() noexcept;

  std::vector<std::array<double, kHeadingAngles>> rate_hz_;
  std::array<double, kHeadingAngles> total_rate_hz_{};
  std::array<double, kHeadingAngles> p_{};
  std::array<std::int16_t, kMaxUnits> row_of_unit_{};
  double bins2_per_s_ = 0.0;  ///< diffusion in bins squared a second
  SessionNs max_step_ns_ = 0, time_ns_ = 0;
  bool started_ = false;
};

}  // namespace vturn
