// Features of made-up recordings against the closed form: a sine of amplitude A has the power A^2 / 2 in its band.
#include "tools/recordings/feature_reader.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>
#include <numeric>

#include "tests/unit/recordings/intan_writer.hpp"
#include "tests/unit/recordings/open_ephys_writer.hpp"

using namespace vturn;
using namespace vturn::recordings;
using namespace vturn::test;
using Catch::Matchers::Contains;

namespace {

constexpr double kAmplitudeUv = 300.0, kMotionV = 0.05;
constexpr double kRateHz = 20000.0;

double sine(double hz, double t_s) { return std::sin(2.0 * std::numbers::pi * hz * t_s); }

/// theta (7 Hz), A-001: delta (2 Hz), auxiliary 1: movement (4 Hz).
MadeIntan sines(std::int64_t seconds) {
  MadeIntan made;
  made.rate_hz = kRateHz;
  made.amplifiers = 2;
  made.auxiliaries = 1;
  made.supplies = made.analog_ins = 0;
  made.digital_in = false;
  made.blocks = seconds * static_cast<std::int64_t>(kRateHz) / 128;
  made.signal = [](int signal, std::size_t channel, std::int64_t index) -> std::uint16_t {
    if (signal == kMadeAuxiliary) {
      const double volts = 1.65 + kMotionV * sine(4.0, static_cast<double>(index) * 4.0 / kRateHz);
      return static_cast<std::uint16_t>(std::lround(volts / 37.4e-6));
    }
    const double hz = channel == 0 ? 7.0 : 2.0;
    const double uv = kAmplitudeUv * sine(hz, static_cast<double>(index) / kRateHz);
    return static_cast<std::uint16_t>(32768 + std::lround(uv / 0.195));
  };
  return made;
}

double power(const LabelledEpoch& epoch, SleepFeature feature) {
  REQUIRE(epoch.frame.has(feature));
  return std::exp(static_cast<double>(epoch.frame.value(feature)));
}

std::vector<LabelledEpoch> features_of(const std::filesystem::path& path) {
  auto recording = open_recording(path);
  double share = 0.0;
  auto epochs = read_features(*recording, {"A-000", "A-001", "", {"A-AUX1"}}, [&](double done) { share = done; });
  CHECK(share == 1.0);
  return epochs;
}

void check_sines(const std::vector<LabelledEpoch>& epochs) {
  REQUIRE(epochs.size() >= 8);
  const LabelledEpoch& last = epochs.back();
  constexpr double kPowerUv2 = kAmplitudeUv * kAmplitudeUv / 2.0;
  CHECK(power(last, SleepFeature::kTheta) == Approx(kPowerUv2).epsilon(0.1));
  CHECK(power(last, SleepFeature::kDelta) == Approx(kPowerUv2).epsilon(0.1));
  CHECK(power(last, SleepFeature::kMotion) == Approx(kMotionV * kMotionV / 2.0).epsilon(0.1));
  CHECK(power(last, SleepFeature::kSigma) < 0.01 * kPowerUv2);
}

}  // namespace

TEST_CASE("features of a traditional .rhd") {
  TemporaryFolder folder;
  folder.write("m.rhd", intan_file(sines(12)));
  const auto epochs = features_of(folder.path());
  check_sines(epochs);
  for (std::size_t i = 1; i < epochs.size(); ++i) CHECK(epochs[i].t_s - epochs[i - 1].t_s == Approx(1.0));
  CHECK(epochs.back().t_s == Approx(10.0));
  CHECK(epochs.back().frame.time_ns == 11 * kNsPerS);
}

TEST_CASE("features do not depend on the save format") {
  TemporaryFolder traditional, folder;
  const MadeIntan made = sines(8);
  traditional.write("m.rhd", intan_file(made));
  write_per_type(folder, made, 1);
  const auto a = features_of(traditional.path()), b = features_of(folder.path());
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].frame.valid == b[i].frame.valid);
    CHECK(a[i].frame.log_power == b[i].frame.log_power);
  }
}

TEST_CASE("after a gap the filters settle anew") {
  TemporaryFolder folder;
  MadeIntan made = sines(20);
  made.timestamp = [](std::int64_t frame) { return frame < 1500 * 128 ? frame : frame + 60'000; };  // 3 s missing
  folder.write("m.rhd", intan_file(made));
  const auto epochs = features_of(folder.path());
  const double gap_s = 1500 * 128 / kRateHz;
  for (const LabelledEpoch& epoch : epochs) {
    const double end_s = seconds(epoch.frame.time_ns);
    if (end_s > gap_s + 0.1 && end_s < gap_s + 3.0 + 1.9) CHECK_FALSE(epoch.frame.has(SleepFeature::kTheta));
  }
  check_sines(epochs);
}

TEST_CASE("features of an Open Ephys recording") {
  TemporaryFolder folder;
  MadeOpenEphys made;
  made.rate_hz = 1000.0;
  made.channels = 1;
  made.sample_numbers.resize(12'000);
  std::iota(made.sample_numbers.begin(), made.sample_numbers.end(), 5'000'000);
  write_open_ephys(folder, "r", made);
  ByteWriter data;
  for (int i = 0; i < 12'000; ++i) data.i16(static_cast<int>(std::lround(kAmplitudeUv * sine(7.0, i * 1e-3) / 0.195)));
  folder.write("r/continuous/Acquisition_Board-100.acquisition_board/continuous.dat", data.bytes());
  auto recording = open_recording(folder.path());
  const auto epochs = read_features(*recording, {"CH1", "", "", {}}, [](double) {});
  REQUIRE(epochs.size() >= 8);
  CHECK(power(epochs.back(), SleepFeature::kTheta) == Approx(kAmplitudeUv * kAmplitudeUv / 2.0).epsilon(0.1));
  CHECK_THROWS_WITH(read_features(*recording, {}, [](double) {}), Contains("name a channel"));
  CHECK_THROWS_WITH(read_features(*recording, {"CH9", "", "", {}}, [](double) {}), Contains("no channel 'CH9'"));
}
