// Calibration and models while the session runs: the digital mouse explores, is calibrated live, decodes with the model
// that came of it, and the session replays to its digest through every change of model.
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <thread>

#include "tests/integration/csv.hpp"
#include "tests/integration/daemon.hpp"
#include "tests/integration/heading_error.hpp"
#include "tests/integration/models.hpp"

using namespace vturn::test;
using namespace std::chrono_literals;

namespace {

constexpr double kSpeed = 10.0;

/// The mouse of models.hpp, on another day: awake throughout, tracked by UDP.
class Mouse {
 public:
  Mouse(const ScratchDir& folder, const std::string& address, int tracker, double duration_s)
      : process_({(bin_dir() / "vturn").string(), "simulate", "--as", "open-ephys", "--address", address, "--http", "",
                  "--lfp-channels", "LFP,EMG", "--speed", "10", "--hypnogram", night(folder), "--duration",
                  std::to_string(duration_s), "--tracking", "127.0.0.1:" + std::to_string(tracker)},
                 folder / "simulate.log") {}
  Process& process() { return process_; }

 private:
  static std::string night(const ScratchDir& folder) {
    write_file(folder / "night.txt", "W2000\n");
    return (folder / "night.txt").string();
  }
  Process process_;
};

/// `model`: empty to begin without one.
std::string rig(const CalibratedMouse& mouse, const std::string& address, int tracker,
                const std::filesystem::path& model) {
  return open_ephys_source(address, kSpeed) +
         "[[source]]\nname = \"camera\"\ntype = \"tracking\"\nclock = \"arrival\"\nspeed = 10.0\nlisten = "
         "\"127.0.0.1:" +
         std::to_string(tracker) + "\"\n[heading]\n" +
         (model.empty() ? std::string() : "model = \"" + model.string() + "\"\n") +
         "image_y = \"up\"\n[sleep]\nmodel = \"" + mouse.sleep.string() +
         "\"\nchannels = { theta = \"ephys/LFP\", slow = \"ephys/LFP\", emg = \"ephys/EMG\", motion = \"\" }\n"
         "[[rule]]\nname = \"turn\"\nwhen = \"turn\"\ndirection = \"any\"\nstate = \"REM\"\narms = { stim = 1.0 }\n"
         "output = \"laser\"\n[[output]]\nname = \"laser\"\ntype = \"mock\"\npulse_ms = 10\n";
}

Json calibration(const Daemon& daemon) {
  const Finished status = daemon.control({"status", "--json"});
  if (status.code != 0) return Json::object();  // a busy machine: ask again
  const Json reply = json_in(status.output);
  return reply.contains("calibration") ? reply.at("calibration") : Json::object();
}

/// Calibration's progress once `holds`, or the last one after `limit`.
Json await_calibration(const Daemon& daemon, const std::function<bool(const Json&)>& holds,
                       std::chrono::seconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  Json now = calibration(daemon);
  while ((now.empty() || !holds(now)) && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(200ms);
    now = calibration(daemon);
  }
  return now;
}

/// Calibrated once for all tests of this file, in this folder.
const ScratchDir& animal_folder() {
  static const ScratchDir folder;
  return folder;
}
const CalibratedMouse& calibrated_animal() {
  static const CalibratedMouse mouse = calibrated_mouse(animal_folder());
  return mouse;
}

/// The model as it would be after the electrodes moved: every cell has another one's tuning.
std::filesystem::path outdated_model() {
  Json model = Json::parse(read_file(calibrated_animal().heading));
  Json& units = model.at("units");
  std::vector<Json> ids;
  for (const Json& unit : units) ids.push_back(unit.at("unit"));
  for (std::size_t i = 0; i < ids.size(); ++i) units[i]["unit"] = ids[(7 * i + 3) % ids.size()];
  const auto file = animal_folder() / "outdated.json";
  write_file(file, model.dump());
  return file;
}

/// Another model of the same mouse.
std::filesystem::path smoother_model() {
  const auto calibration = animal_folder() / "calibration";
  const auto model = animal_folder() / "smoother.json";
  const Finished done =
      run_vturn({"calibrate", "heading", "--spikes", (calibration / "spikes.csv").string(), "--heading",
                 (calibration / "heading.csv").string(), "--smoothing-deg", "15", "--out", model.string()});
  INFO(done.output);
  REQUIRE(done.code == 0);
  return model;
}

void check_replay(const Daemon& daemon, bool complete) {
  const Json report = replay(daemon.session());
  INFO(report.dump());
  CHECK(report.at("complete") == complete);
  CHECK(report.at("digests_compared").get<int>() > 3);
  CHECK(report.at("matches") == true);
}

}  // namespace

TEST_CASE("a mouse with an outdated model is told so, calibrated live, decoded with what came of it, and replayed") {
  const ScratchDir folder;
  const CalibratedMouse& animal = calibrated_animal();
  const std::string address = free_address();
  const int tracker = free_ports(1).front();
  Daemon daemon(folder, "live", rig(animal, address, tracker, outdated_model()));
  CHECK(daemon.control({"calibrate-stop"}).code != 0);
  Mouse mouse(folder, address, tracker, 2000.0);

  const Finished started = daemon.control({"calibrate-start", "--handedness-confirmed"});
  INFO(started.output);
  REQUIRE(started.code == 0);
  const Json collected = await_calibration(
      daemon, [](const Json& c) { return c.at("heading_s") > 180.0; }, 60s);
  INFO(collected.dump());
  CHECK(collected.at("state") == "CALIBRATION_STATE_COLLECTING");
  CHECK(collected.at("heading_s") > 180.0);
  CHECK(collected.at("missing") == "");
  CHECK(counter(collected, "lost") == 0);
  CHECK(daemon.status().at("tuning").at("state") == "TUNING_STATE_LOST");
  const Finished fitted = daemon.control({"calibrate-stop", "--wait"});
  INFO(fitted.output);
  REQUIRE(fitted.code == 0);
  const auto model = folder / "live.heading.json";
  CHECK(std::filesystem::exists(model));
  const Json done = calibration(daemon);
  CHECK(done.at("state") == "CALIBRATION_STATE_DONE");
  CHECK(done.at("model_file") == model.string());
  const double expected_deg = done.at("median_abs_error_deg");
  CHECK(expected_deg < 10.0);

  const Finished loaded = daemon.control({"load-model", model.string()});
  INFO(loaded.output);
  REQUIRE(loaded.code == 0);
  CHECK(loaded.output.find("confirmed") == std::string::npos);
  const Json tuned =
      daemon.await([](const Json& h) { return h.at("tuning").at("state") == "TUNING_STATE_GOOD"; }, 40s).at("tuning");
  CHECK(tuned.at("state") == "TUNING_STATE_GOOD");
  CHECK(tuned.at("expected_deg") == Approx(expected_deg));
  mouse.process().signal(SIGINT);
  CHECK(mouse.process().wait(20s).has_value());
  CHECK(daemon.shut_down() == 0);
  check_replay(daemon, true);

  const auto csv = export_csv(daemon.session());
  const Table session(csv / "session.csv");
  for (const char* change : {"tuning_lost", "calibration_started", "calibration_stopped", "model_loaded"})
    CHECK(session.count({{"change", change}}) == 1);
  double loaded_s = 0.0;
  for (std::size_t row = 0; row < session.rows(); ++row)
    if (session.text(row, "change") == "model_loaded") loaded_s = session.number(row, "t_s");
  const auto after = [&](Track track) {
    const auto from = std::upper_bound(track.t_s.begin(), track.t_s.end(), loaded_s + 2.0) - track.t_s.begin();
    track.t_s.erase(track.t_s.begin(), track.t_s.begin() + from);
    track.angle_rad.erase(track.angle_rad.begin(), track.angle_rad.begin() + from);
    return track;
  };
  const Track decoded = after(track(csv / "heading.csv", "angle_rad"));
  const Track tracked = after(track(csv / "tracked_heading.csv", "hd_rad"));
  REQUIRE(tracked.t_s.size() > 1000);
  const double error_deg = median_error_deg(decoded, tracked, 0.0);
  std::printf("calibrated live: %.1f degrees expected, %.1f decoded\n", expected_deg, error_deg);
  CHECK(error_deg < 1.5 * expected_deg + 2.0);
}

TEST_CASE("a model loaded while armed disarms, bad ones change nothing, and a log cut after the swap replays") {
  const ScratchDir folder;
  const CalibratedMouse& animal = calibrated_animal();
  const auto other = smoother_model();
  for (const bool killed : {false, true}) {
    const std::string address = free_address();
    const int tracker = free_ports(1).front();
    Daemon daemon(folder, killed ? "killed" : "loaded", rig(animal, address, tracker, animal.heading));
    Mouse mouse(folder, address, tracker, 600.0);
    const Json health = daemon.await([](const Json& h) { return counter(h, "spikes") > 2000; }, 60s);
    const Finished armed = daemon.arm("10m");
    INFO(armed.output << "\n" << health.dump() << "\nthe mouse: " << mouse.process().output());
    REQUIRE(armed.code == 0);
    for (const std::filesystem::path& bad : {folder / "nothing.json", animal.sleep, animal.cells}) {
      const Finished refused = daemon.control({"load-model", bad.string()});
      INFO(refused.output);
      CHECK(refused.code == 1);
      CHECK(refused.output.find(bad.string()) != std::string::npos);
    }
    const auto is_armed = [](const Json& h) { return h.at("armed") == true; };
    CHECK(is_armed(daemon.await(is_armed, 10s)));  // health is told once a second
    const Finished loaded = daemon.control({"load-model", other.string()});
    INFO(loaded.output);
    CHECK(loaded.code == 0);
    CHECK_FALSE(is_armed(daemon.await([&](const Json& h) { return !is_armed(h); }, 10s)));
    CHECK(daemon.arm("10m").code == 0);
    CHECK(daemon.control({"load-model", animal.heading.string()}).code == 0);
    std::this_thread::sleep_for(killed ? 1500ms : 500ms);
    if (killed) {
      daemon.process().signal(SIGKILL);
      CHECK(daemon.process().wait(10s) == 128 + SIGKILL);
    } else {
      CHECK(daemon.shut_down() == 0);
    }
    check_replay(daemon, !killed);
    const Table session(export_csv(daemon.session()) / "session.csv");
    CHECK(session.count({{"change", "model_loaded"}}) == 2);
    CHECK(session.count({{"change", "disarmed"}, {"reason", "model_changed"}}) == 2);
  }
}

TEST_CASE("a daemon without a model takes one, and told to end during a fit it ends at once") {
  const ScratchDir folder;
  const CalibratedMouse& animal = calibrated_animal();
  const std::string address = free_address();
  const int tracker = free_ports(1).front();
  Daemon daemon(folder, "ended", rig(animal, address, tracker, {}));
  Mouse mouse(folder, address, tracker, 2000.0);
  REQUIRE(daemon.control({"calibrate-start"}).code == 0);
  await_calibration(
      daemon, [](const Json& c) { return c.at("heading_s") > 150.0; }, 60s);
  REQUIRE(daemon.control({"calibrate-stop"}).code == 0);
  daemon.process().signal(SIGINT);
  CHECK(daemon.process().wait(15s) == 0);
  CHECK_FALSE(std::filesystem::exists(folder / "ended.heading.json"));
  check_replay(daemon, true);
}
