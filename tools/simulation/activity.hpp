#pragma once

#include "tools/simulation/random.hpp"
#include "tools/simulation/settings.hpp"

namespace vturn::simulation {

/// Active and quiet wake in turn; an animal that wakes up is active at first.
class Activity {
 public:
  Activity(std::uint64_t seed, std::uint64_t life) : random_(seed * 1000003 + life, 8) {}
  void step(Moment& now) noexcept;

 private:
  Random random_;
  double until_s_ = 20.0;
  bool was_awake_ = false, first_ = true;
};

}  // namespace vturn::simulation
