#include "daemon/sleep/burst_gate.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace vturn;

TEST_CASE("a burst is told as soon as the gate has learnt, whatever the signal's power") {
  for (const double level : {-9.0, 0.0, 10.5}) {
    BurstGate gate;
    std::mt19937 random(2);
    std::normal_distribution<double> noise(level, 0.3);
    for (int i = 0; i < 100; ++i) CHECK_FALSE(gate.step(noise(random)));
    CHECK_FALSE(gate.step(level + 1.5));
    CHECK(gate.step(level + 3.0));
  }
}
