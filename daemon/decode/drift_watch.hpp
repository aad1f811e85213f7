#pragma once

#include <array>
#include <cstddef>

#include "daemon/core/types.hpp"
#include "daemon/decode/circle.hpp"

namespace vturn {

/// How well a heading model still fits. Angles in degrees, differences decoded minus tracked.
struct TuningFigures {
  TuningState state = TuningState::kUnknown;
  double compared_s = 0.0;            ///< wake that the figures below rest on
  double median_abs_error_deg = 0.0;  ///< of the decoded against the tracked heading
  double scatter_deg = 0.0;           ///< the same about the frame's rotation: what is left once that is taken out
  double rotation_deg = 0.0;          ///< of the decoded frame against the tracker's over the last minute
  double expected_deg = 0.0;          ///< cross-validated median error of the model
};

/// Whether cells still tell the heading that they were calibrated to, from tracked heading of wake: a ring that slowly
/// rotates against the world (harmless to turns) is told apart from tuning that was lost. Compares ten times a second,
/// judges a minute at a time over the last three of them. Minutes in which the animal hardly turned say nothing: there
/// lost tuning looks like a rotated frame. Pure; no allocation.
class DriftWatch {
 public:
  /// Cross-validated median error of the model; forgets everything.
  void prepare(double expected_median_deg) noexcept;
  /// The heading jumps: the minute under way is void.
  void interrupt() noexcept { size_ = 0; }

  /// Tracked and decoded heading of wake, in order of time. True when the state has changed.
  bool compare(SessionNs time_ns, double tracked_rad, double decoded_rad) noexcept;

  [[nodiscard]] const TuningFigures& figures() const noexcept { return figures_; }

 private:
  static constexpr std::size_t kBlockSamples = 600;
  static constexpr std::size_t kBlocks = 3;

  struct Block {
    std::array<float, kBlockSamples> error_rad{};
    float rotation_rad = 0.0F;
    SessionNs end_ns = 0;
    bool used = false;
  };

  [[nodiscard]] bool due(SessionNs time_ns) noexcept;
  bool close_block(SessionNs time_ns) noexcept;
  bool judge(SessionNs time_ns) noexcept;
  [[nodiscard]] TuningState state_of(double scatter_deg, double rotation_deg) const noexcept;

  double expected_deg_ = 0.0;
  std::array<Block, kBlocks> blocks_{};
  std::array<float, kBlocks * kBlockSamples> sorted_{};
  std::array<bool, circle::kSectors> visited_{};
  std::size_t block_ = 0;  ///< being filled
  std::size_t size_ = 0;
  SessionNs last_ns_ = 0;
  SessionNs settled_ns_ = 0;
  SessionNs next_ns_ = 0;
  bool started_ = false;
  TuningFigures figures_;
};

}  // namespace vturn
