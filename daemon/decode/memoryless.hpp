#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "daemon/core/output_event.hpp"
#include "daemon/core/types.hpp"
#include "daemon/decode/heading_model.hpp"

namespace vturn {

/// The decoder of most published figures (Zhang et al. 1998, eq. 36, flat prior): Poisson likelihood of the spikes in a
/// sliding window that ends now. Knows nothing of movement. Beside the filter as a yardstick.
class MemorylessDecoder {
 public:
  /// Spikes that a window can hold; older ones beyond it are forgotten early and counted.
  static constexpr std::size_t kCapacity = 1U << 16U;

  /// The only call that allocates. Throws std::invalid_argument for a model without units or a window that is not
  /// positive.
  void prepare(const HeadingModel& model, SessionNs window_ns);
  void reset() noexcept;
  void advance(SessionNs time_ns) noexcept;
  /// Spikes older than the decoder's time are counted at its time.
  void spike(SessionNs time_ns, UnitId unit) noexcept;
  /// angle and map_angle are the likelihood's maximum, concentration its mean resultant length; modes and velocity 0.
  [[nodiscard]] HeadingOutput estimate() const noexcept;
  struct Posterior {
    std::array<double, kHeadingAngles> p;  ///< of heading, summing to 1
    /// Log likelihood of the window's spikes by the tuning, all headings alike, over that by the units' mean rates.
    double evidence_nats;
  };
  [[nodiscard]] Posterior posterior_and_evidence() const noexcept;
  /// The window's posterior of heading, summing to 1.
  [[nodiscard]] std::array<double, kHeadingAngles> posterior() const noexcept { return posterior_and_evidence().p; }
  [[nodiscard]] SessionNs time() const noexcept { return time_ns_; }
  [[nodiscard]] bool has_unit(UnitId unit) const noexcept { return unit < kMaxUnits && row_of_unit_[unit] >= 0; }
  [[nodiscard]] std::uint64_t forgotten() const noexcept { return forgotten_; }

 private:
  struct Held {
    SessionNs time_ns;
    std::int16_t row;
  };
  void drop_oldest() noexcept;
  [[nodiscard]] std::array<double, kHeadingAngles> log_likelihood() const noexcept;

  std::vector<std::array<double, kHeadingAngles>> log_rate_;
  std::vector<double> log_mean_rate_;
  double total_mean_rate_hz_ = 0.0;
  std::array<double, kHeadingAngles> total_rate_hz_{};
  std::vector<std::uint32_t> count_;  ///< spikes in the window, per row
  std::vector<Held> ring_;
  std::array<std::int16_t, kMaxUnits> row_of_unit_{};
  std::size_t first_ = 0, held_ = 0;
  SessionNs window_ns_ = 0, time_ns_ = 0;
  bool started_ = false;
  std::uint64_t forgotten_ = 0;
};

}  // namespace vturn
