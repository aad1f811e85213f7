// Headings of an acquisition board's inertial sensor, as its stream comes through the ZMQ Interface.
#include "daemon/ingest/imu_heading.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>

#include "daemon/core/angle.hpp"
#include "tests/unit/ingest/reader_run.hpp"

using namespace vturn;
using namespace vturn::ingest;
using namespace vturn::test;
using From = ImuSettings::From;

namespace {

const std::array<const char*, 7> kNames{"Eul-Y", "Eul-R", "Eul-P", "Quat-W", "Quat-X", "Quat-Y", "Quat-Z"};

OpenEphysReaderSettings of(From from, bool clockwise = false, double offset_rad = 0) {
  OpenEphysReaderSettings settings;
  settings.imu = {from, clockwise, offset_rad};
  return settings;
}

struct Imu {
  explicit Imu(OpenEphysReaderSettings settings) : run(std::move(settings)) {}

  /// One channel's block; the GUI sends the channels of a block one after another.
  void send(int channel, std::int64_t sample, const std::vector<float>& values, bool named = true) {
    ++number;
    run.message(data_message(number, sample, values, channel, named ? kNames[static_cast<std::size_t>(channel)] : "",
                             "100.0", "IMU_port_A"),
                number * 10 * kNsPerMs);
  }
  [[nodiscard]] std::vector<InputEvent> headings() const { return run.sink.of(InputKind::kHeading); }

  ReaderRun run;
  std::int64_t number = 0;
};

using Quaternion = std::array<double, 4>;

Quaternion product(const Quaternion& a, const Quaternion& b) {
  return {a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3], a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2],
          a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1], a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0]};
}

Quaternion about(int axis, double angle) {
  Quaternion q{std::cos(angle / 2), 0, 0, 0};
  q[static_cast<std::size_t>(axis)] = std::sin(angle / 2);
  return q;
}

void send_quaternion(Imu& imu, std::int64_t sample, const Quaternion& q, bool named = true) {
  for (int i = 0; i < 4; ++i) imu.send(3 + i, sample, {static_cast<float>(q[static_cast<std::size_t>(i)])}, named);
}

double error_of(const InputEvent& heading, double expected) {
  return std::fabs(angle_difference(static_cast<double>(heading.payload.heading.angle_rad), expected));
}

}  // namespace

TEST_CASE("Euler yaw in degrees becomes a heading a sample, on the stream's own clock") {
  for (const bool named : {true, false}) {
    Imu imu(of(From::kEuler, true, kPi / 2));
    imu.send(0, 0, {0, 90, 359.9375F}, named);
    imu.send(1, 0, {1, 2, 3}, named);
    imu.send(0, 3, {180}, named);
    const auto headings = imu.headings();
    REQUIRE(headings.size() == 4);
    const std::array<double, 4> clockwise_deg{0, 90, 359.9375, 180};
    for (std::size_t i = 0; i < 4; ++i) {
      CHECK(headings[i].source_sample == static_cast<SampleIndex>(i));
      CHECK(headings[i].session_time_ns == static_cast<SessionNs>(i) * 10 * kNsPerMs);
      CHECK(error_of(headings[i], kPi / 2 - clockwise_deg[i] * kPi / 180) < 1e-6);
    }
    CHECK(imu.run.reader.counters().headings == 4);
    CHECK(imu.run.reader.counters().data_received == 3);
  }
}

TEST_CASE("A quaternion's yaw is that of the head however it is tilted and however the sensor sits on it") {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> turn(-kPi, kPi), tilt(-1.2, 1.2);
  for (const bool clockwise : {false, true}) {
    Imu imu(of(From::kQuaternion, clockwise));
    std::vector<double> expected;
    for (int i = 0; i < 300; ++i) {
      expected.push_back(turn(random));
      // Turned about the world's vertical, pitched, rolled to any side: upside down too.
      const Quaternion q = product(product(about(3, expected.back()), about(2, tilt(random))), about(1, turn(random)));
      send_quaternion(imu, i, q, i % 2 == 0);
    }
    const auto headings = imu.headings();
    REQUIRE(headings.size() == 300);
    for (std::size_t i = 0; i < 300; ++i) CHECK(error_of(headings[i], clockwise ? -expected[i] : expected[i]) < 1e-5);
  }
}

TEST_CASE("What says no direction gives no heading and is counted: a sensor that starts, a head straight up, damage") {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  Imu imu(of(From::kQuaternion));
  send_quaternion(imu, 0, {0, 0, 0, 0});
  send_quaternion(imu, 1, about(2, -kPi / 2));
  send_quaternion(imu, 2, {nan, 0, 0, 1});
  send_quaternion(imu, 3, {1e30, 0, 0, 1});
  send_quaternion(imu, 4, {2, 0, 0, 0});
  CHECK(imu.headings().empty());
  CHECK(imu.run.reader.counters().no_direction == 5);
  send_quaternion(imu, 5, {1, 0, 0, 0});
  CHECK(imu.headings().size() == 1);
  Imu euler(of(From::kEuler));
  euler.send(0, 0, {std::numeric_limits<float>::infinity(), 1e9F, 10.0F});
  CHECK(euler.headings().size() == 1);
  CHECK(euler.run.reader.counters().no_direction == 2);
}

TEST_CASE("A block that lost a channel gives no heading, and mixes with no other block") {
  Imu imu(of(From::kQuaternion));
  for (int i : {0, 1, 3}) imu.send(3 + i, 0, {0.5F, 0.5F});
  send_quaternion(imu, 2, about(3, 1.0));
  imu.send(3, 3, {1.0F});
  for (int i : {1, 2, 3}) imu.send(3 + i, 4, {0.0F});
  const auto headings = imu.headings();
  REQUIRE(headings.size() == 1);
  CHECK(headings[0].source_sample == 2);
  CHECK(error_of(headings[0], 1.0) < 1e-6);
}

TEST_CASE("Blocks beyond ten seconds, and streams that are no sensor's, give no headings") {
  Imu imu(of(From::kEuler));
  imu.send(0, 0, std::vector<float>(ImuHeading::kMaxBlock + 1, 10.0F));
  CHECK(imu.headings().empty());
  imu.send(0, ImuHeading::kMaxBlock + 1, std::vector<float>(ImuHeading::kMaxBlock, 10.0F));
  CHECK(imu.headings().size() == ImuHeading::kMaxBlock);
  Imu plain(OpenEphysReaderSettings{});
  plain.send(0, 0, {10.0F});
  CHECK(plain.headings().empty());
}
