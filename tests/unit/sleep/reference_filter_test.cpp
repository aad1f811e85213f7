// The filter against a reference written another way: sums of log-probabilities in long double, Gaussians through an
// explicit inverse and determinant, offsets as stated in the method.
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "daemon/sleep/sleep_filter.hpp"
#include "tests/unit/sleep/synthetic_model.hpp"

using namespace vturn;
using Real = long double;
using Vec = std::vector<Real>;
using Mat = std::vector<Vec>;

namespace {

/// Gauss-Jordan: inverse and log determinant.
Mat inverse(Mat a, Real& log_det) {
  const std::size_t n = a.size();
  Mat inv(n, Vec(n, 0.0L));
  for (std::size_t i = 0; i < n; ++i) inv[i][i] = 1.0L;
  log_det = 0.0L;
  for (std::size_t i = 0; i < n; ++i) {
    const Real pivot = a[i][i];
    log_det += std::log(pivot);
    for (std::size_t j = 0; j < n; ++j) a[i][j] /= pivot, inv[i][j] /= pivot;
    for (std::size_t r = 0; r < n; ++r) {
      if (r == i) continue;
      const Real factor = a[r][i];
      for (std::size_t j = 0; j < n; ++j) a[r][j] -= factor * a[i][j], inv[r][j] -= factor * inv[i][j];
    }
  }
  return inv;
}

class Reference {
 public:
  Reference(const SleepModel& model, double step_s) : model_(model), step_(step_s) {
    // Stationary distribution by brute force.
    Vec p(3, 1.0L / 3.0L);
    for (int i = 0; i < 200000; ++i) {
      Vec next(3, 0.0L);
      for (std::size_t a = 0; a < 3; ++a) {
        for (std::size_t b = 0; b < 3; ++b) next[b] += p[a] * static_cast<Real>(model.transitions[a][b]);
      }
      p = next;
    }
    for (Real value : p) log_p_.push_back(std::log(value));
    offset_.assign(kSleepFeatures, 0.0L);
  }

  Vec step(const FeatureFrame& frame) {
    Vec predicted;
    for (std::size_t b = 0; b < 3; ++b) {
      Real sum = 0.0L;
      for (std::size_t a = 0; a < 3; ++a) {
        const Real stay = a == b ? 1.0L : 0.0L;
        const Real rate = (static_cast<Real>(model_.transitions[a][b]) - stay) / 4.0L;
        sum += std::exp(log_p_[a]) * (stay + rate * static_cast<Real>(step_));
      }
      predicted.push_back(std::log(sum));
    }
    log_p_ = predicted;
    const auto present = features_in(frame);
    const bool brain = std::any_of(present.begin(), present.end(),
                                   [&](std::size_t i) { return model_.features[i] != SleepFeature::kEmg; });
    if (!frame.artefact && brain) observe(frame, present);
    Vec result;
    for (Real value : log_p_) result.push_back(std::exp(value));
    return result;
  }

 private:
  std::vector<std::size_t> features_in(const FeatureFrame& frame) const {
    std::vector<std::size_t> result;
    for (std::size_t i = 0; i < model_.features.size(); ++i) {
      if (frame.has(model_.features[i])) result.push_back(i);
    }
    return result;
  }

  Real value(const FeatureFrame& frame, std::size_t i) const {
    const auto f = static_cast<std::size_t>(model_.features[i]);
    return static_cast<Real>(frame.log_power[f]) - offset_[f];
  }

  void observe(const FeatureFrame& frame, const std::vector<std::size_t>& present) {
    const Real temper = std::min(1.0L, static_cast<Real>(step_) / static_cast<Real>(model_.evidence_constant_s));
    for (std::size_t s = 0; s < 3; ++s) {
      Mat covariance;
      for (std::size_t i : present) {
        covariance.emplace_back();
        for (std::size_t j : present)
          covariance.back().push_back(static_cast<Real>(model_.emissions[s].covariance[i][j]));
      }
      Real log_det = 0.0L;
      const Mat precision = inverse(covariance, log_det);
      Real square = 0.0L;
      for (std::size_t a = 0; a < present.size(); ++a) {
        for (std::size_t b = 0; b < present.size(); ++b) {
          square += precision[a][b] *
                    (value(frame, present[a]) - static_cast<Real>(model_.emissions[s].mean[present[a]])) *
                    (value(frame, present[b]) - static_cast<Real>(model_.emissions[s].mean[present[b]]));
        }
      }
      const Real constant = static_cast<Real>(present.size()) * std::log(2.0L * 3.14159265358979323846264338327950288L);
      log_p_[s] += temper * -0.5L * (square + log_det + constant);
    }
    const Real most = std::max({log_p_[0], log_p_[1], log_p_[2]});
    const Real total =
        most + std::log(std::exp(log_p_[0] - most) + std::exp(log_p_[1] - most) + std::exp(log_p_[2] - most));
    for (Real& value : log_p_) value -= total;
    adapt(frame, present);
  }

  void adapt(const FeatureFrame& frame, const std::vector<std::size_t>& present) {
    const Real rate = 1.0L - std::exp(-static_cast<Real>(step_) / static_cast<Real>(model_.adaptation_s));
    for (std::size_t i : present) {
      Real innovation = value(frame, i);
      for (std::size_t s = 0; s < 3; ++s)
        innovation -= std::exp(log_p_[s]) * static_cast<Real>(model_.emissions[s].mean[i]);
      offset_[static_cast<std::size_t>(model_.features[i])] += rate * std::clamp(innovation, -1.0L, 1.0L);
    }
  }

  SleepModel model_;
  double step_;
  Vec log_p_;
  Vec offset_;
};

void compare(double step_s, int steps) {
  SleepModel model = test::synthetic_model();
  model.emissions[2].covariance[0][1] = model.emissions[2].covariance[1][0] = -0.2;
  Reference reference(model, step_s);
  SleepFilter filter;
  filter.prepare(model, step_s);
  std::mt19937 random(7);
  std::normal_distribution<float> noise(0.0F, 0.6F);
  double worst = 0.0;
  for (int n = 0; n < steps; ++n) {
    const auto time_ns = static_cast<SessionNs>(static_cast<double>(n + 1) * step_s * 1e9);
    const int state = (n * 7 / steps) % 3;
    FeatureFrame frame = state == 0   ? test::wake_frame(time_ns)
                         : state == 1 ? test::nrem_frame(time_ns)
                                      : test::rem_frame(time_ns);
    for (float& value : frame.log_power) value += noise(random);
    // Every mixture of missing features, and artefacts.
    if (random() % 4 == 0) frame.valid = static_cast<SleepFeatureMask>(frame.valid & random());
    frame.artefact = random() % 50 == 0;
    filter.step(frame);
    const Vec expected = reference.step(frame);
    for (std::size_t s = 0; s < 3; ++s) {
      worst = std::max(worst, std::fabs(filter.posterior()[s] - static_cast<double>(expected[s])));
    }
  }
  INFO("step " << step_s << " s");
  CHECK(worst < 1e-9);
}

}  // namespace

TEST_CASE("filter agrees with an independent reference") {
  compare(0.1, 6000);
  compare(1.0, 3000);
  compare(4.0, 3000);
}
