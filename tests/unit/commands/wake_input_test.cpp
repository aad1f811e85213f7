// What calibrations from wake are given: a tracker's heading and gyroscope on the recording's clock, and of a session
// what it recorded awake.
#include "tools/commands/wake_input.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>

#include "daemon/core/angle.hpp"
#include "daemon/record/session_log.hpp"
#include "daemon/record/session_writer.hpp"
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

/// Half a minute with a tracker at 10 Hz and one cell, NREM from 10 to 20 s.
std::string session(const TemporaryFolder& folder, bool sleep_model) {
  record::SessionWriterOptions options;
  options.encoder.session_id = "night-1";
  if (sleep_model) options.attachments = {{1, 1, std::string(record::kSleepAttachment), "application/json", "{}"}};
  record::SessionWriter writer(options);
  for (SessionNs time_ns = 0; time_ns < 30 * kNsPerS; time_ns += 100 * kNsPerMs) {
    InputEvent input;
    input.session_time_ns = time_ns;
    input.kind = InputKind::kHeading;
    input.payload.heading = {1.0F};
    writer.input(input);
    input.kind = InputKind::kSpike;
    input.payload.spike = {3, 1, -50.0F};
    writer.input(input);
    OutputEvent output;
    output.kind = OutputKind::kSleep;
    output.session_time_ns = time_ns;
    output.payload.sleep = SleepOutput{};
    const bool asleep = time_ns >= 10 * kNsPerS && time_ns < 20 * kNsPerS;
    output.payload.sleep.state = asleep ? SleepState::kNrem : SleepState::kWake;
    writer.output(output, {});
  }
  writer.finish();
  const std::string file = (folder.path() / "night.mcap").string();
  std::ofstream(file, std::ios::binary) << writer.pending();
  return file;
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

TEST_CASE("of a session's headings those are kept that its sleep model calls wake, and all where it has none") {
  const TemporaryFolder folder;
  WakeInput input;
  input.spikes = session(folder, true);
  const WakeData awake = input.read();
  CHECK(awake.heading.size() == 200);
  CHECK(awake.spikes.size() == 300);
  for (const HeadingSample& row : awake.heading) CHECK((seconds(row.time_ns) < 10.0 || seconds(row.time_ns) >= 20.0));
  const TemporaryFolder other;
  input.spikes = session(other, false);
  CHECK(input.read().heading.size() == 300);
}

TEST_CASE("stretches named as wake are kept, whatever a session's sleep model said") {
  const TemporaryFolder folder;
  WakeInput input;
  input.spikes = session(folder, true);
  input.wake = (folder.path() / "wake.csv").string();
  const auto wake = [&](const char* rows) { folder.write("wake.csv", std::string("start_s,end_s\n") + rows); };
  wake("5,12\n12,13\n25,99\n");
  CHECK(input.read().heading.size() == 80 + 50);
  wake("50,60\n");
  CHECK_THROWS_WITH(input.read(), Catch::Contains("no tracked heading in these stretches"));
  wake("5,12\n11,13\n");
  CHECK_THROWS_WITH(input.read(), Catch::Contains("must not overlap"));
}
