// What the Open Ephys GUI sends when acquisition is restarted, when its File Reader loops and when a subscriber has
// lost messages: captured from the real GUI, played to the real daemon while it is armed.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/helpers/shared_data.hpp"
#include "tests/integration/csv.hpp"
#include "tests/integration/daemon.hpp"
#include "tests/integration/models.hpp"

using namespace vturn::test;
using namespace std::chrono_literals;

namespace {

/// The capture's bytes with receive times changed so that no pause is longer than `most_s` (format: shared/data).
std::string with_short_pauses(std::string bytes, double most_s) {
  double cut_s = 0.0;
  double last_s = 0.0;
  for (std::size_t at = 0; at < bytes.size();) {
    std::uint32_t parts = 0;
    std::memcpy(&parts, &bytes[at], sizeof(parts));
    at += sizeof(parts);
    for (std::uint32_t i = 0; i < parts; ++i) {
      std::uint32_t length = 0;
      std::memcpy(&length, &bytes[at], sizeof(length));
      at += sizeof(length) + length;
    }
    double time_s = 0.0;
    std::memcpy(&time_s, &bytes[at], sizeof(time_s));
    if (last_s > 0.0) cut_s += std::max(0.0, time_s - last_s - most_s);
    last_s = time_s;
    time_s -= cut_s;
    std::memcpy(&bytes[at], &time_s, sizeof(time_s));
    at += sizeof(time_s);
  }
  return bytes;
}

/// A rule and what it needs, so that there is something to inhibit.
std::string rig_with_rule(const std::filesystem::path& sleep_model) {
  return "[sleep]\nmodel = \"" + sleep_model.string() +
         "\"\nchannels = { theta = \"ephys/CH1\", slow = \"ephys/CH1\", emg = \"\", motion = \"\" }\n"
         "[[rule]]\nname = \"rem\"\nwhen = \"sleep\"\nstate = \"REM\"\noutput = \"laser\"\n"
         "[[output]]\nname = \"laser\"\ntype = \"mock\"\n"
         "[limits]\nno_motion_acknowledged = true\n";
}

struct Case {
  std::string name;
  std::uint64_t messages, epochs, gaps, lost;
  double speed;
};

struct Run {
  Case expected;
  std::unique_ptr<Player> player;
  std::unique_ptr<Daemon> daemon;
};

Run start(const ScratchDir& folder, const Case& expected, const std::filesystem::path& capture,
          const std::filesystem::path& sleep_model) {
  const std::string address = free_address();
  Run run{expected, std::make_unique<Player>(folder, capture, address, expected.speed), nullptr};
  run.daemon = std::make_unique<Daemon>(folder, expected.name,
                                        open_ephys_source(address, expected.speed) + rig_with_rule(sleep_model));
  return run;
}

void arm(const Daemon& daemon) {
  const Json health = daemon.await([](const Json& h) { return h.at("sources").at(0).at("alive") == true; }, 20s);
  REQUIRE(health.at("sources").at(0).at("alive") == true);
  const Finished armed = daemon.arm("1h");
  INFO(armed.output);
  REQUIRE(armed.code == 0);
}

/// Ends a run and gives its session.csv; counters must be the capture's.
std::filesystem::path finish(Run& run) {
  const Case& expected = run.expected;
  CHECK(run.player->finish(60s) == expected.messages);
  const auto all_received = [&](const Json& h) {
    return counter(h.at("sources").at(0), "messages_received") == expected.messages;
  };
  const Json health = run.daemon->await(all_received, 20s);
  const Json& source = health.at("sources").at(0);
  CHECK(counter(source, "messages_received") == expected.messages);
  CHECK(counter(source, "messages_parsed") == expected.messages);
  CHECK(counter(source, "messages_lost") == expected.lost);
  CHECK(counter(source, "epochs") == expected.epochs);
  CHECK(counter(source, "gaps") == expected.gaps);
  CHECK(counter(source, "queue_refused") == 0);
  CHECK(run.daemon->shut_down() == 0);
  const Json replayed = replay(run.daemon->session());
  CHECK(replayed.at("matches") == true);
  CHECK(replayed.at("complete") == true);
  const auto csv = export_csv(run.daemon->session());
  const Table session(csv / "session.csv");
  CHECK(session.count({{"change", "epoch"}}) == expected.epochs);
  CHECK(session.count({{"change", "gap"}}) == expected.gaps);
  CHECK(session.count({{"change", "armed"}}) == 1);
  return csv / "session.csv";
}

/// Session time goes on whatever the source's samples do: nothing is older than what came before it by more than the
/// 1024 samples at 44.1 kHz that the GUI sent as one block.
void check_times_go_forward(const std::filesystem::path& csv) {
  double newest_s = 0.0, most_back_s = 0.0;
  for (const double time_s : Table(csv).numbers("t_s")) {
    most_back_s = std::max(most_back_s, newest_s - time_s);
    newest_s = std::max(newest_s, time_s);
  }
  INFO(csv.string());
  CHECK(most_back_s <= 1024.0 / 44100.0);
}

const ScratchDir& scratch() {
  static const ScratchDir folder;
  return folder;
}

const std::filesystem::path& sleep_model() {
  static const std::filesystem::path model = made_up_sleep_model(scratch());
  return model;
}

}  // namespace

TEST_CASE("a restart or a loop of the acquisition starts an epoch and disarms") {
  const std::vector<Case> cases{{"spikes-restart", 1568, 1, 0, 0, 1.0},
                                {"raw-restart", 734, 1, 0, 0, 1.0},
                                {"spikes-loop", 2449, 2, 0, 0, 1.0},
                                {"raw-loop", 1160, 2, 0, 0, 1.0}};
  std::vector<Run> runs;  // side by side: they take their 8 to 13 s as recorded
  for (const Case& one : cases) {
    const auto capture = shared_data("open-ephys/capture-" + one.name + ".bin");
    if (!capture) return;
    // A master that is silent for more than a second ends the arming by itself, before the epoch can.
    const auto shortened = scratch() / ("short-" + one.name + ".bin");
    write_file(shortened, with_short_pauses(read_file(*capture), 0.5));
    runs.push_back(start(scratch(), one, shortened, sleep_model()));
  }
  for (const Run& run : runs) arm(*run.daemon);
  for (Run& run : runs) {
    INFO(run.expected.name);
    const auto csv = finish(run);
    CHECK(Table(csv).count({{"change", "disarmed"}, {"reason", "new_epoch"}, {"source", "ephys"}}) == 1);
    CHECK(Table(csv).count({{"change", "arm_refused"}}) == 0);
    check_times_go_forward(csv);
    if (run.expected.name.starts_with("spikes")) check_times_go_forward(csv.parent_path() / "spikes.csv");
  }
}

TEST_CASE("a restart after a long pause finds the arming ended by the silence") {
  const auto capture = shared_data("open-ephys/capture-spikes-restart.bin");
  if (!capture) return;
  Run run = start(scratch(), {"long-pause", 1568, 1, 0, 0, 2.0}, *capture, sleep_model());
  arm(*run.daemon);
  const auto csv = finish(run);
  CHECK(Table(csv).count({{"change", "disarmed"}, {"reason", "arming_lapsed"}, {"source", "ephys"}}) == 1);
  CHECK(Table(csv).count({{"change", "disarmed"}, {"reason", "new_epoch"}}) == 0);
  CHECK(Table(csv).count({{"change", "inhibit_on"}, {"reason", "master_lost"}}) >= 1);
}

TEST_CASE("lost messages are one gap that inhibits and does not disarm") {
  const auto capture = shared_data("open-ephys/capture-loss.bin");
  if (!capture) return;
  // 0.3 s of recording: slowly enough that it can be armed before the gap in its middle.
  Run run = start(scratch(), {"loss", 1400, 0, 1, 3550, 0.04}, *capture, sleep_model());
  arm(*run.daemon);
  const auto csv = finish(run);
  const Table session(csv);
  CHECK(session.count({{"change", "gap"}, {"source", "ephys"}, {"count", "3550"}}) == 1);
  CHECK(session.count({{"change", "inhibit_on"}, {"reason", "gap"}, {"source", "ephys"}}) == 1);
  // Only the shutdown at the end, or the silence before it, ends the arming.
  CHECK(session.count({{"change", "disarmed"}, {"reason", "new_epoch"}}) == 0);
  CHECK(session.count({{"change", "disarmed"}, {"reason", "too_many_inhibits"}}) == 0);
  std::vector<std::string> order;
  for (std::size_t i = 0; i < session.rows(); ++i) {
    const std::string& change = session.text(i, "change");
    if (change == "armed" || change == "gap" || change == "disarmed") order.push_back(change);
  }
  REQUIRE(order.size() >= 3);
  CHECK(order[0] == "armed");
  CHECK(order[1] == "gap");
}
