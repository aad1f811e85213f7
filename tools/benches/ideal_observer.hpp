#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "daemon/decode/heading_model.hpp"

namespace vturn::benches {

/// Near-ideal observer of the simulated sessions: it knows how the heading rests (kBenchRest) and how it turns (raised
/// cosines of uniform peak speed, duration and sign, on top of the resting drift; one in so many seconds of rest), and
/// holds the exact posterior of that on grids: 128 headings x 3 drift velocities for rest and for each cohort of turns
/// of one shape that began within 30 ms. A cohort is held in the frame that moves with its turn, where only the drift
/// moves it, so that each bin of 10 ms costs it one likelihood read at the turn's displacement.
class IdealObserver {
 public:
  static constexpr double kStepS = 0.01;

  explicit IdealObserver(const HeadingModel& cells);
  /// A spike of the bin under way.
  void spike(UnitId unit);
  /// The end of the bin under way.
  void step();
  /// log(P(turning left) / P(not)), nats.
  [[nodiscard]] float log_odds_left() const;
  [[nodiscard]] float log_odds_right() const;

 private:
  static constexpr std::size_t kDrifts = 3;
  using Grid = std::array<std::array<float, kHeadingAngles>, kDrifts>;
  using Likelihood = std::array<float, kHeadingAngles>;

  struct Shape {
    bool left;
    std::vector<float> middle_bins;  ///< displacement in the middle of each step
    float final_bins;
  };
  struct Cohort {
    std::size_t shape = 0;
    std::size_t age = 0;  ///< steps
    float mass = 0.0F;
    alignas(64) Grid p{};
  };

  void make_shapes();
  void add_cohorts();
  void spread_likelihood();
  [[nodiscard]] const float* likelihood_at(float displacement_bins) const;
  [[nodiscard]] float update(Grid& p, const float* likelihood) const;
  void update_cohorts();
  void return_to_rest(const Cohort& cohort);
  void sum_up();

  std::vector<std::vector<float>> ratio_;  ///< per unit: rate over mean rate
  std::array<std::int16_t, kMaxUnits> row_of_unit_{};
  Likelihood silence_{};  ///< of a step without spikes
  Likelihood bin_{};      ///< of the step under way
  /// The step's likelihood twice around the circle, shifted by quarters of a bin.
  std::array<std::array<float, 2 * kHeadingAngles>, 4> shifted_{};
  std::vector<Shape> shapes_;
  std::array<std::array<float, 3>, kDrifts> taps_{};
  Grid rest_{};
  float rest_mass_ = 1.0F, left_mass_ = 0.0F, right_mass_ = 0.0F;
  float scale_ = 1.0F;  ///< what the next step's likelihood is multiplied by so that all sums to about 1
  std::vector<Cohort> cohorts_;
  std::size_t steps_ = 0;
};

}  // namespace vturn::benches
