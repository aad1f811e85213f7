#include "daemon/decode/heading_filter.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <new>
#include <random>

#include "daemon/decode/circle.hpp"
#include "daemon/decode/scoring.hpp"
#include "tests/unit/decode/ring.hpp"

using namespace vturn;
using namespace vturn::test;

namespace {

std::uint64_t allocations = 0;

HeadingFilter prepared(const HeadingModel& model, Kernel kernel = Kernel::automatic) {
  HeadingFilter filter;
  filter.prepare(model, kernel);
  return filter;
}

std::vector<Kernel> available_kernels() {
  std::vector<Kernel> kernels;
  for (const Kernel kernel : {Kernel::scalar, Kernel::avx2, Kernel::avx512}) {
    if (kernel_available(kernel)) kernels.push_back(kernel);
  }
  return kernels;
}

double angle_apart(double a, double b) { return std::fabs(angle_difference(a, b)); }

/// Feeds random spikes with gaps from simultaneous to over the longest step, silences and changes of dynamics.
void feed_randomly(HeadingFilter& filter, std::uint64_t seed, std::size_t spikes, std::size_t units) {
  std::mt19937_64 random(seed);
  SessionNs now = 0;
  for (std::size_t i = 0; i < spikes; ++i) {
    const std::uint64_t draw = random();
    const std::uint64_t kind = draw % 1000;
    if (kind < 100) {
      now += 0;
    } else if (kind < 990) {
      now += static_cast<SessionNs>((draw >> 20) % 6'000'000);
    } else if (kind < 999) {
      now += 40 * kNsPerMs;
      filter.advance(now);
    } else {
      filter.set_dynamics(static_cast<Dynamics>((draw >> 40) % 3));
    }
    filter.spike(now, static_cast<UnitId>((draw >> 32) % (units + 1)));
  }
}

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

TEST_CASE("all kernels give the same bits over 100,000 spikes, silences and changes of dynamics") {
  const auto cells = random_cells(30, 1);
  HeadingModel model = model_of(cells, ornstein_uhlenbeck(100 * kDeg, 0.25));
  model.temper = 0.7F;
  std::vector<HeadingOutput> estimates;
  std::vector<std::array<float, kHeadingAngles>> posteriors;
  std::vector<double> evidence;
  for (const Kernel kernel : available_kernels()) {
    HeadingFilter filter = prepared(model, kernel);
    CHECK(filter.kernel() == kernel);
    feed_randomly(filter, 7, 100'000, cells.size());
    estimates.push_back(filter.estimate());
    filter.posterior(posteriors.emplace_back());
    evidence.push_back(filter.total_evidence_nats());
  }
  REQUIRE(!estimates.empty());
  for (std::size_t i = 1; i < estimates.size(); ++i) {
    CHECK(std::memcmp(&estimates[i], &estimates[0], offsetof(HeadingOutput, dynamics)) == 0);
    CHECK(posteriors[i] == posteriors[0]);
    CHECK(evidence[i] == evidence[0]);
  }
}

TEST_CASE("without movement and silence the posterior is Bayes' formula") {
  // Two cells, velocity rows that neither move nor exchange: the posterior is the product of the tunings.
  const std::vector<Cell> cells = {{1.0, 3.0, 20.0, 1.0}, {2.0, 4.0, 15.0, 0.5}};
  HeadingDynamics still;
  for (std::size_t row = 0; row < kVelocityRows; ++row)
    still.enter[row] = row < kFirstRestRow || row >= kFirstLeftRow ? 1.0F / 6 : 0.2F;
  HeadingModel model = model_of(cells, still);
  model.gain_min = model.gain_max = 1.0F;
  HeadingFilter filter = prepared(model);
  filter.spike(0, 0);
  filter.spike(4 * kNsPerMs, 1);
  filter.spike(4 * kNsPerMs, 0);
  std::array<double, kHeadingAngles> expected{};
  double sum = 0.0;
  for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) {
    const double theta = kTwoPi * static_cast<double>(bin) / kHeadingAngles;
    const double a = cells[0].rate_hz(theta);
    const double b = cells[1].rate_hz(theta);
    sum += expected[bin] = a * a * b * std::exp(-0.004 * (a + b));
  }
  std::array<float, kHeadingAngles> posterior{};
  filter.posterior(posterior);
  for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) {
    CHECK(static_cast<double>(posterior[bin]) == Approx(expected[bin] / sum).epsilon(1e-4).margin(1e-7));
  }
  const auto mean = circle::mean(posterior);
  CHECK(angle_apart(static_cast<double>(filter.estimate().angle_rad), mean.angle_rad) < 1e-5);
  CHECK(static_cast<double>(filter.estimate().concentration) == Approx(mean.length).epsilon(1e-4));
}

namespace {

/// Independent reference: the joint state as one dense matrix-vector product a step, double precision, written from the
/// model's description and not from the kernel.
class DenseReference {
 public:
  explicit DenseReference(const HeadingModel& model)
      : model_(model), p_(kVelocityRows, std::vector<double>(kHeadingAngles)) {
    for (std::size_t row = 0; row < kVelocityRows; ++row) {
      for (double& p : p_[row]) p = static_cast<double>(dynamics().enter[row]) / 3.0 / kHeadingAngles;
    }
  }

  void step(double dt_s, const HeadingUnit* unit) {
    auto moved = p_;
    for (std::size_t row = 0; row < kVelocityRows; ++row) {
      const double shift = static_cast<double>(dynamics().velocity_rad_s[row]) * dt_s * kHeadingAngles / kTwoPi;
      for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) {
        const double source = static_cast<double>(bin) - shift + 10.0 * kHeadingAngles;
        const double whole = std::floor(source);
        const auto left = static_cast<std::size_t>(whole) % kHeadingAngles;
        moved[row][bin] =
            (1.0 - (source - whole)) * p_[row][left] + (source - whole) * p_[row][(left + 1) % kHeadingAngles];
      }
    }
    const auto before = p_;
    double sum = 0.0;
    for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) {
      const double likelihood = likelihood_at(bin, dt_s, unit);
      for (std::size_t to = 0; to < kVelocityRows; ++to) {
        double p = 0.0;
        // Rows move and exchange with their neighbours; what switches modes arrives where it was before.
        for (std::size_t from = 0; from < kVelocityRows; ++from) {
          const double switches = mode(from) == mode(to) ? 0.0 : switch_rate(from, to) * dt_s;
          p += moved[from][bin] * (transition(from, to, dt_s) - switches) + before[from][bin] * switches;
        }
        sum += p_[to][bin] = p * likelihood;
      }
    }
    for (auto& row : p_) {
      for (double& p : row) p /= sum;
    }
  }

  [[nodiscard]] double at(std::size_t bin) const {
    double sum = 0.0;
    for (const auto& row : p_) sum += row[bin];
    return sum;
  }
  [[nodiscard]] double left() const {
    double sum = 0.0;
    for (std::size_t row = kFirstLeftRow; row < kVelocityRows; ++row) {
      for (const double p : p_[row]) sum += p;
    }
    return sum;
  }

 private:
  [[nodiscard]] const HeadingDynamics& dynamics() const { return model_.dynamics[1]; }
  static int mode(std::size_t row) { return row < kFirstRestRow ? -1 : (row < kFirstLeftRow ? 0 : 1); }
  [[nodiscard]] double rate(std::size_t from, std::size_t to) const {
    double hz = switch_rate(from, to);
    if (to == from + 1) hz += static_cast<double>(dynamics().hop_up_hz[from]);
    if (to + 1 == from) hz += static_cast<double>(dynamics().hop_down_hz[from]);
    return hz;
  }
  [[nodiscard]] double switch_rate(std::size_t from, std::size_t to) const {
    double hz = 0.0;
    if (mode(from) == 0 && mode(to) != 0)
      hz += 0.5 * static_cast<double>(dynamics().rest_to_turn_hz * dynamics().enter[to]);
    if (mode(from) != 0 && mode(to) == 0) hz += static_cast<double>(dynamics().turn_to_rest_hz * dynamics().enter[to]);
    return hz;
  }
  [[nodiscard]] double transition(std::size_t from, std::size_t to, double dt_s) const {
    if (from != to) return rate(from, to) * dt_s;
    double out = 0.0;
    for (std::size_t other = 0; other < kVelocityRows; ++other) out += other == from ? 0.0 : rate(from, other);
    return 1.0 - out * dt_s;
  }
  [[nodiscard]] double likelihood_at(std::size_t bin, double dt_s, const HeadingUnit* fired) const {
    double total_hz = 0.0;
    for (const auto& unit : model_.units) total_hz += static_cast<double>(unit.rate_hz[bin]);
    const double likelihood =
        (fired != nullptr ? static_cast<double>(fired->rate_hz[bin]) : 1.0) * std::exp(-total_hz * dt_s);
    return std::pow(likelihood, static_cast<double>(model_.temper));
  }

  const HeadingModel& model_;
  std::vector<std::vector<double>> p_;
};

}  // namespace

TEST_CASE("the filter agrees with a dense double-precision reference") {
  const auto cells = random_cells(12, 3);
  HeadingModel model = model_of(cells, ornstein_uhlenbeck(100 * kDeg, 0.25));
  model.temper = 0.8F;
  model.gain_min = model.gain_max = 1.0F;
  HeadingFilter filter = prepared(model);
  filter.set_dynamics(Dynamics::kRem);
  filter.reset();
  DenseReference reference(model);
  // Spikes of a real walk: against contradicting ones the filter's floor, which the reference lacks, would count.
  const Walk walk = walk_of(cells, 100 * kDeg, 0.25, 4.0, 5);
  SessionNs now = walk.spikes.front().time_ns;
  for (const auto& spike : walk.spikes) {
    filter.spike(spike.time_ns, spike.unit);
    constexpr SessionNs kLongestNs = 5 * kNsPerMs;
    for (; spike.time_ns - now > kLongestNs; now += kLongestNs) reference.step(seconds(kLongestNs), nullptr);
    reference.step(seconds(spike.time_ns - now), &model.units[spike.unit]);
    now = spike.time_ns;
  }
  std::array<float, kHeadingAngles> posterior{};
  filter.posterior(posterior);
  for (std::size_t bin = 0; bin < kHeadingAngles; ++bin) {
    CHECK(static_cast<double>(posterior[bin]) == Approx(reference.at(bin)).epsilon(2e-3).margin(1e-5));
  }
  CHECK(static_cast<double>(filter.estimate().p_left) == Approx(reference.left()).epsilon(2e-3).margin(1e-5));
}

TEST_CASE("a rotated world gives a rotated estimate, a mirrored one exchanges left and right") {
  auto cells = random_cells(24, 9);
  // On the bins' centres, so that rotated and mirrored tunings are exact copies.
  for (auto& cell : cells) cell.preferred_rad = circle::kBinRad * std::round(cell.preferred_rad / circle::kBinRad);
  auto rotated = cells;
  auto mirrored = cells;
  constexpr std::size_t kTurnBins = 37;
  for (auto& cell : rotated) cell.preferred_rad += kTurnBins * circle::kBinRad;
  for (auto& cell : mirrored) cell.preferred_rad = -cell.preferred_rad;
  const auto wake = ornstein_uhlenbeck(100 * kDeg, 0.25);
  HeadingFilter plain = prepared(model_of(cells, wake));
  HeadingFilter turned = prepared(model_of(rotated, wake));
  HeadingFilter swapped = prepared(model_of(mirrored, wake));
  const Walk walk = walk_of(cells, 100 * kDeg, 0.25, 20.0, 4);
  for (auto* filter : {&plain, &turned, &swapped}) filter->set_dynamics(Dynamics::kRem);
  for (const auto& spike : walk.spikes) {
    for (auto* filter : {&plain, &turned, &swapped}) filter->spike(spike.time_ns, spike.unit);
    const HeadingOutput a = plain.estimate();
    const HeadingOutput b = turned.estimate();
    const HeadingOutput c = swapped.estimate();
    if (a.concentration < 0.5F) continue;
    REQUIRE(angle_apart(static_cast<double>(b.angle_rad),
                        static_cast<double>(a.angle_rad) + kTurnBins * circle::kBinRad) < 2e-3);
    REQUIRE(static_cast<double>(b.p_left) == Approx(static_cast<double>(a.p_left)).margin(2e-3));
    REQUIRE(angle_apart(static_cast<double>(c.angle_rad), -static_cast<double>(a.angle_rad)) < 2e-3);
    REQUIRE(static_cast<double>(c.p_left) == Approx(static_cast<double>(a.p_right)).margin(2e-3));
    REQUIRE(static_cast<double>(c.angular_velocity_rad_s) ==
            Approx(-static_cast<double>(a.angular_velocity_rad_s)).margin(0.02));
  }
}

TEST_CASE("silence of a minute, extreme gaps and simultaneous spikes leave finite numbers") {
  const auto cells = random_cells(30, 2);
  HeadingFilter filter = prepared(model_of(cells, ornstein_uhlenbeck(100 * kDeg, 0.25)));
  const auto check = [&filter] {
    const HeadingOutput out = filter.estimate();
    CHECK(std::isfinite(out.angle_rad));
    CHECK(std::isfinite(out.angular_velocity_rad_s));
    CHECK(std::isfinite(out.evidence_nats_per_spike));
    CHECK(static_cast<double>(out.p_left + out.p_rest + out.p_right) == Approx(1.0).epsilon(1e-4));
    CHECK(out.concentration >= 0.0F);
    CHECK(out.concentration <= 1.0F);
  };
  check();
  filter.spike(0, 3);
  for (SessionNs now = 0; now <= 60 * kNsPerS; now += 10 * kNsPerMs) filter.advance(now);
  check();
  for (int i = 0; i < 2000; ++i) filter.spike(60 * kNsPerS, static_cast<UnitId>(i % 2 == 0 ? 0 : 15));
  check();
  filter.advance(100'000 * kNsPerS);
  CHECK(filter.time() == 100'000 * kNsPerS);
  check();
}

TEST_CASE("it finds the heading again after being certain of the wrong one") {
  const auto cells = random_cells(30, 2);
  HeadingFilter filter = prepared(model_of(cells, ornstein_uhlenbeck(100 * kDeg, 0.25)));
  SessionNs now = 0;
  for (int i = 0; i < 500; ++i) filter.spike(now += 5 * kNsPerMs, 0);
  CHECK(angle_apart(static_cast<double>(filter.estimate().angle_rad), cells[0].preferred_rad) < 0.3);
  for (int i = 0; i < 40; ++i) filter.spike(now += 5 * kNsPerMs, 15);
  CHECK(angle_apart(static_cast<double>(filter.estimate().angle_rad), cells[15].preferred_rad) < 0.3);
}

TEST_CASE("late spikes are used and counted, unknown units only counted, reset forgets") {
  const auto cells = random_cells(10, 2);
  HeadingFilter filter = prepared(model_of(cells, ornstein_uhlenbeck(100 * kDeg, 0.25)));
  CHECK(filter.has_unit(9));
  CHECK_FALSE(filter.has_unit(10));
  CHECK_FALSE(filter.has_unit(kNoUnit));
  filter.spike(kNsPerS, 1);
  const float before = filter.estimate().concentration;
  filter.spike(kNsPerS - kNsPerMs, 1);
  CHECK(filter.late() == 1);
  CHECK(filter.time() == kNsPerS);
  CHECK(filter.estimate().concentration > before);
  filter.spike(kNsPerS, 10);
  filter.spike(kNsPerS, kNoUnit);
  CHECK(filter.unknown_units() == 2);
  CHECK(filter.spikes() == 2);
  filter.reset();
  CHECK(filter.estimate().concentration < 1e-3F);
  filter.spike(5, 1);
  CHECK(filter.time() == 5);
}

TEST_CASE("nothing allocates after prepare") {
  const auto cells = random_cells(30, 2);
  HeadingFilter filter = prepared(model_of(cells, ornstein_uhlenbeck(100 * kDeg, 0.25)));
  std::array<float, kHeadingAngles> posterior{};
  const std::uint64_t before = allocations;
  filter.reset();
  feed_randomly(filter, 3, 10'000, cells.size());
  const HeadingOutput out = filter.estimate();
  filter.posterior(posterior);
  CHECK(allocations == before);
  CHECK(std::isfinite(out.angle_rad));
  const auto* volatile control = new int(1);
  CHECK(allocations == before + 1);
  delete control;
}

TEST_CASE("the gain tracker follows a halved population rate") {
  auto cells = random_cells(40, 6);
  const HeadingModel model = model_of(cells, ornstein_uhlenbeck(100 * kDeg, 0.25));
  for (auto& cell : cells) {
    cell.peak_hz *= 0.5;
    cell.base_hz *= 0.5;
  }
  HeadingFilter filter = prepared(model);
  for (const auto& spike : walk_of(cells, 100 * kDeg, 0.25, 30.0, 8).spikes) filter.spike(spike.time_ns, spike.unit);
  CHECK(static_cast<double>(filter.gain()) == Approx(0.5).margin(0.12));
}

TEST_CASE("a model that cannot be run is refused") {
  HeadingModel model = model_of(random_cells(3, 1), ornstein_uhlenbeck(100 * kDeg, 0.25));
  HeadingFilter filter;
  const auto refused = [&filter](HeadingModel changed) {
    CHECK_THROWS_AS(filter.prepare(changed), std::invalid_argument);
  };
  HeadingModel changed = model;
  changed.units.clear();
  refused(changed);
  changed = model;
  changed.units[1].unit = changed.units[0].unit;
  refused(changed);
  changed = model;
  changed.units[0].rate_hz[5] = 0.0F;
  refused(changed);
  changed = model;
  changed.temper = 0.0F;
  refused(changed);
  changed = model;
  changed.dynamics[2].velocity_rad_s[0] = -1e6F;
  refused(changed);
  changed = model;
  changed.dynamics[0].hop_up_hz[3] = std::nanf("");
  refused(changed);
}

TEST_CASE("a model at odds with itself starves no number") {
  HeadingModel model = model_of(random_cells(3, 1), ornstein_uhlenbeck(100 * kDeg, 0.25));
  for (auto& unit : model.units) {
    unit.rate_hz.fill(10'000.0F);
    unit.mean_rate_hz = 0.001F;
  }
  model.gain_max = 1e6F;
  HeadingFilter filter = prepared(model);
  for (SessionNs now = 0; now < kNsPerS; now += 4 * kNsPerMs) filter.spike(now, 0);
  const HeadingOutput out = filter.estimate();
  CHECK(std::isfinite(out.angle_rad));
  CHECK(out.concentration >= 0.0F);
  CHECK(out.concentration <= 1.0F);
  CHECK(std::isfinite(filter.total_evidence_nats()));
}
