// What calibrations from wake are given: a tracker's heading and gyroscope on the recording's clock, and of a session
// what it recorded awake.
#include "tools/commands/wake_input.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>

#include "daemon/core/angle.hpp"
#include "tests/unit/recordings/open_ephys_writer.hpp"
#include "tools/commands/registry.hpp"

using namespace vturn;
using namespace vturn::test;
using namespace vturn::tools;

namespace {

constexpr double kTrackerStartS = 100.0;  ///< what the tracker's clock says when the recording begins

double heading_rad(double t_s) { return 3.0 + 1.4 * std::sin(1.3 * t_s) + 0.9 * std::sin(2.9 * t_s + 1.0); }
double velocity_rad_s(double t_s) { return 1.82 * std::cos(1.3 * t_s) + 2.61 * std::cos(2.9 * t_s + 1.0); }

/// Two minutes of a head that turns to and fro: its tracker (mirrored or not), the gyroscope and the pulses on the
/// tracker's clock, and the recording that saw the pulses.
WakeInput moving_head(const TemporaryFolder& folder, bool mirrored) {
  std::ofstream track((folder.path() / "heading.csv").string()), gyroscope((folder.path() / "gyro.csv").string()),
      pulses((folder.path() / "pulses.csv").string());
  track << "t_s,hd_rad\n";
  gyroscope << "t_s,gyro_rad_s\n";
  pulses << "t_s\n";
  MadeOpenEphys made;
  made.rate_hz = 1000.0;
  made.ttl_samples.clear();
  made.ttl_states.clear();
  for (std::int64_t ms = 0; ms < 120'000; ++ms) {
    const double t_s = 1e-3 * static_cast<double>(ms);
    made.sample_numbers.push_back(ms);
    if (ms % 25 == 0)
      track << kTrackerStartS + t_s << ',' << wrap_angle((mirrored ? -1.0 : 1.0) * heading_rad(t_s)) << '\n';
    if (ms % 10 == 0) gyroscope << kTrackerStartS + t_s << ',' << velocity_rad_s(t_s) << '\n';
    const bool pulse = ms > 0 && (ms % 7'000 == 0 || ms % 11'000 == 0);
    if (pulse) pulses << kTrackerStartS + t_s << '\n';
    if (!pulse) continue;
    made.ttl_samples.insert(made.ttl_samples.end(), {ms, ms + 50});
    made.ttl_states.insert(made.ttl_states.end(), {1, -1});
  }
  write_open_ephys(folder, "recording", made);
  WakeInput input;
  input.spikes = (folder.path() / "recording").string();
  input.heading = (folder.path() / "heading.csv").string();
  input.heading_pulses = (folder.path() / "pulses.csv").string();
  input.pulse_line = 0;
  input.gyroscope = (folder.path() / "gyro.csv").string();
  return input;
}

}  // namespace

TEST_CASE("a gyroscope on the tracker's clock is moved along with the heading: it confirms, and refuses a mirror") {
  const TemporaryFolder folder;
  const WakeInput right = moving_head(folder, false);
  const WakeData data = right.read();
  REQUIRE(data.heading_clock);
  CHECK(seconds(data.heading.front().time_ns) == Approx(0.0).margin(0.002));
  const auto check = right.check_gyroscope(data);
  REQUIRE(check);
  CHECK(check->confirms());
  const TemporaryFolder other;
  const WakeInput mirrored = moving_head(other, true);
  CHECK_THROWS_WITH(mirrored.check_gyroscope(mirrored.read()), Catch::Contains("is mirrored"));
}

TEST_CASE("a session's headings have their image axis already") {
  WakeInput input;
  input.spikes = "night.mcap";
  input.image_y = "down";
  CHECK_THROWS_WITH(input.read(), Catch::Contains("leave --image-y out"));
}
