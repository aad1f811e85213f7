#pragma once

#include <cstdint>
#include <optional>

namespace vturn::simulation {

/// Rehearsal of faults, session seconds; nothing when absent.
struct FaultSettings {
  std::optional<double> drop_at_s = {};
  std::int64_t drop_messages = 0;           ///< lost from then on; of RHX blocks of 128 samples
  std::optional<double> restart_at_s = {};  ///< acquisition stopped and started: all numbers begin anew
  std::optional<double> loop_at_s = {};     ///< sample numbers jump back to 0, message numbers go on (File Reader)
};

/// Each fault once, when its time has come.
class Faults {
 public:
  explicit Faults(const FaultSettings& settings) : settings_(settings) {}

  struct Due {
    bool restart, loop;
  };
  /// For the data that begin then.
  Due at(double start_s) {
    if (due(settings_.drop_at_s, start_s)) to_drop_ = settings_.drop_messages;
    return {due(settings_.restart_at_s, start_s), due(settings_.loop_at_s, start_s)};
  }
  /// Whether the next message is lost.
  bool lose_one() {
    if (to_drop_ <= 0) return false;
    --to_drop_;
    return true;
  }

 private:
  static bool due(std::optional<double>& at_s, double start_s) {
    if (!at_s || start_s < *at_s) return false;
    at_s.reset();
    return true;
  }

  FaultSettings settings_;
  std::int64_t to_drop_ = 0;
};

}  // namespace vturn::simulation
