#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "daemon/core/output_event.hpp"
#include "daemon/core/types.hpp"
#include "daemon/decode/heading_model.hpp"

namespace vturn {

/// Which build of the filter's arithmetic runs. All give the same bits; `automatic` is the fastest this machine has.
enum class Kernel : std::uint8_t { scalar, avx2, avx512, automatic };
[[nodiscard]] bool kernel_available(Kernel kernel) noexcept;
[[nodiscard]] Kernel resolve_kernel(Kernel kernel) noexcept;
[[nodiscard]] const char* name_of(Kernel kernel) noexcept;

/// Head direction from spikes, updated at every spike (point-process filter on a grid, Brown et al. 1998 and Eden et
/// al. 2004, with a switching velocity state): posterior over heading (128 bins) x velocity (17 rows). Between
/// spikes rows shift by their velocity, hop and switch; a spike of unit i multiplies by its tuning, time without
/// spikes by exp(-(sum of rates) dt). Pure: session time comes in, nothing else. One owner, no locks.
class HeadingFilter {
 public:
  HeadingFilter();
  ~HeadingFilter();
  HeadingFilter(HeadingFilter&&) noexcept;
  HeadingFilter& operator=(HeadingFilter&&) noexcept;

  /// The only call that allocates. Throws std::invalid_argument for a model that cannot be run (no unit, non-finite or
  /// non-positive rates, rates of change too fast for its step) or a kernel that this machine lacks.
  void prepare(const HeadingModel& model, Kernel kernel = Kernel::automatic);

  /// Back to "heading unknown"; the next spike or advance() sets the time. Keeps the dynamics set.
  void reset() noexcept;
  void set_dynamics(Dynamics dynamics) noexcept;
  [[nodiscard]] Dynamics dynamics() const noexcept;

  /// Goes to this session time without a spike, in steps of at most 5 ms. Times before time() change nothing. After
  /// more than kMaxSilenceNs without input the posterior is the prior again (bounds the work of one call).
  void advance(SessionNs time_ns) noexcept;
  /// A spike; one older than time() is applied at time() and counted in late(). Unknown units only advance.
  void spike(SessionNs time_ns, UnitId unit) noexcept;
  static constexpr SessionNs kMaxSilenceNs = 10 * kNsPerS;

  [[nodiscard]] HeadingOutput estimate() const noexcept;
  [[nodiscard]] SessionNs time() const noexcept;
  [[nodiscard]] bool has_unit(UnitId unit) const noexcept;

  /// Posterior of heading, summing to 1, widened by the model's frame error: kHeadingAngles values, written to `out`.
  /// It is of heading the model's lag ahead. Costs some microseconds.
  void posterior(std::span<float, kHeadingAngles> out) const noexcept;
  /// Size (radians) of the smallest set that holds 95 % of it. Costs as much again.
  [[nodiscard]] float credible_95_rad() const noexcept;
  /// The model's lag: the posterior's heading minus this times the angular velocity is the estimate's.
  [[nodiscard]] float lag_s() const noexcept;
  /// Tracked global gain: observed over expected spikes.
  [[nodiscard]] float gain() const noexcept;
  /// Sum of log evidence (nats) against the mean-rate model since reset().
  [[nodiscard]] double total_evidence_nats() const noexcept;
  [[nodiscard]] std::uint64_t spikes() const noexcept;
  [[nodiscard]] std::uint64_t late() const noexcept;
  [[nodiscard]] std::uint64_t unknown_units() const noexcept;
  [[nodiscard]] Kernel kernel() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The same model, each unit under another's name (Sattolo's cycle from `seed`): a twin whose evidence shows what
/// spikes without a ring would give.
HeadingModel with_permuted_units(const HeadingModel& model, std::uint64_t seed);

}  // namespace vturn
