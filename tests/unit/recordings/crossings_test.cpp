#include "tools/recordings/crossings.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/recordings/intan_writer.hpp"

using namespace vturn::recordings;
using namespace vturn::test;
using Catch::Matchers::Contains;

namespace {

std::vector<std::int64_t> found_in(const std::vector<double>& microvolts, const CrossingSettings& settings) {
  CrossingDetector detector(settings, 20000.0);
  std::vector<std::int64_t> found;
  for (std::size_t i = 0; i < microvolts.size(); ++i) {
    if (detector.push(microvolts[i])) found.push_back(static_cast<std::int64_t>(i));
  }
  return found;
}

}  // namespace

TEST_CASE("the first sample beyond the threshold, then silence for the dead time") {
  std::vector<double> signal(400, 1000.0);  // an offset is no spike
  signal[100] = signal[101] = 800.0;
  signal[140] = 700.0;
  signal[160] = 700.0;
  CHECK(found_in(signal, {}) == std::vector<std::int64_t>{100, 160});
  CrossingSettings upwards;
  upwards.threshold_uv = 70.0;
  for (double& value : signal) value = 2000.0 - value;
  CHECK(found_in(signal, upwards) == std::vector<std::int64_t>{100, 160});
  CHECK(found_in(std::vector<double>(400, -500.0), {}).empty());
}

TEST_CASE("slow waves lie below the band") {
  std::vector<double> slow;
  for (int i = 0; i < 20000; ++i) slow.push_back(500.0 * std::sin(i * 2.0 * 3.14159265 * 8.0 / 20000.0));
  CHECK(found_in(slow, {}).empty());
}

TEST_CASE("spikes of a traditional .rhd, by unit and across a gap") {
  TemporaryFolder folder;
  MadeIntan made;
  made.rate_hz = 20000.0;
  made.amplifiers = 2;
  made.auxiliaries = made.supplies = made.analog_ins = 0;
  made.digital_in = false;
  made.signal = [](int, std::size_t channel, std::int64_t index) -> std::uint16_t {
    const bool spike = channel == 1 && (index == 200 || index == 300);
    return static_cast<std::uint16_t>(40000 - (spike ? 1000 : 0));
  };
  made.timestamp = [](std::int64_t frame) { return frame < 256 ? frame : frame + 1000; };
  folder.write("m.rhd", intan_file(made));
  auto recording = open_recording(folder.path());
  const auto units = detect_by_unit(*recording, default_units(recording->info()), {}, [](double) {});
  REQUIRE(units.spikes.size() == 2);
  CHECK((units.spikes[0].unit == 1 && units.spikes[0].time_ns == 10'000'000));
  CHECK(units.spikes[1].time_ns == 65'000'000);
  vturn::ingest::UnitMapSettings other;
  CHECK_THROWS_WITH(detect_by_unit(*recording, other, {}, [](double) {}), Contains("no wideband channel has a unit"));
}
