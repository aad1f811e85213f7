#pragma once

namespace vturn {

/// Tells a broadband burst (movement of a cable, chewing, a stimulus) from the signal's own variation: log power of
/// 100 ms against its running mean and s.d. (τ 60 s). Steps that last are taken as the new normal.
class BurstGate {
 public:
  void reset() noexcept { *this = BurstGate{}; }
  /// `log_power` of one piece; true when it is a burst (z > 6).
  bool step(double log_power) noexcept;

 private:
  static constexpr double kLimitZ = 6.0;
  static constexpr double kSmallestSd = 0.35;
  static constexpr double kRate = 0.1 / 60.0;
  static constexpr int kPiecesToLearn = 100;

  double mean_ = 0.0;
  double variance_ = 0.0;
  int pieces_ = 0;
};

}  // namespace vturn
