// `vturn replay` gives the digest that the live session had: whatever the machine was busy with, whatever the operator
// did, and up to the end of a log whose writer was killed.
#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "daemon/record/session_reader.hpp"
#include "daemon/rt/clock.hpp"
#include "tests/helpers/shared_data.hpp"
#include "tests/integration/csv.hpp"
#include "tests/integration/daemon.hpp"
#include "tests/integration/models.hpp"

using namespace vturn::test;
using namespace std::chrono_literals;

namespace {

constexpr double kSpeed = 10.0;
constexpr int kReplays = 100;

/// A tracker: headings as UDP datagrams, 100 a second, until it goes out of scope.
class Tracker {
 public:
  explicit Tracker(int port) : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    REQUIRE(socket_ >= 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    REQUIRE(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0);
    thread_ = std::thread([this] { run(); });
  }
  ~Tracker() {
    stop_ = true;
    thread_.join();
    ::close(socket_);
  }
  Tracker(const Tracker&) = delete;
  Tracker& operator=(const Tracker&) = delete;

 private:
  void run() {
    for (int i = 0; !stop_; ++i) {
      const std::string text =
          "{\"heading_rad\": " + std::to_string(std::fmod(0.01 * i, 6.0)) + ", \"seq\": " + std::to_string(i) + "}";
      [[maybe_unused]] const auto sent = ::send(socket_, text.data(), text.size(), 0);  // lost ones are UDP's right
      std::this_thread::sleep_for(10ms);
    }
  }

  int socket_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

/// Keeps the processors busy while it lives.
class Load {
 public:
  explicit Load(std::size_t processes) {
    for (std::size_t i = 0; i < processes; ++i) {
      busy_.push_back(std::make_unique<Process>(std::vector<std::string>{"/bin/sh", "-c", "while :; do :; done"},
                                                folder_ / std::to_string(i)));
    }
  }

 private:
  ScratchDir folder_;
  std::vector<std::unique_ptr<Process>> busy_;
};

std::string heading_section(const std::filesystem::path& model) {
  return "[heading]\nmodel = \"" + model.string() + "\"\nimage_y = \"up\"\n[turns]\nlog_odds = 2.0\n";
}

/// Every replay gives what was recorded; returns that digest.
std::string check_replays(const std::filesystem::path& session, bool complete) {
  const std::string first = replay(session).at("recorded_digest");
  int matching = 0;
  for (int i = 0; i < kReplays; ++i) {
    const Json report = replay(session);
    CHECK(report.at("complete") == complete);
    CHECK(report.at("digests_compared").get<int>() > 0);
    matching += report.at("matches") == true && report.at("digest") == first ? 1 : 0;
  }
  CHECK(matching == kReplays);
  return first;
}

void check_kernels(const Daemon& daemon, const std::string& digest) {
  for (const char* kernel : {"scalar", "avx2", "avx512"}) {
    std::string rig = read_file(daemon.rig_file());
    const std::string section = "[heading]\n";
    rig.insert(rig.find(section) + section.size(), std::string("kernel = \"") + kernel + "\"\n");
    const std::filesystem::path other = daemon.rig_file().string() + "." + kernel + ".toml";
    write_file(other, rig);
    INFO(kernel);
    CHECK(replay(daemon.session(), other).at("digest") == digest);
  }
}

std::string mouse_rig(const CalibratedMouse& mouse, const std::string& address) {
  return open_ephys_source(address, kSpeed) + heading_section(mouse.heading) + "[sleep]\nmodel = \"" +
         mouse.sleep.string() +
         "\"\nchannels = { theta = \"ephys/LFP\", slow = \"ephys/LFP\", emg = \"ephys/EMG\", motion = \"\" }\n"
         "[population]\ncells = \"" +
         mouse.cells.string() +
         "\"\n"
         "[[rule]]\nname = \"population\"\nwhen = \"population\"\ndirection = \"any\"\nstate = \"REM\"\n"
         "min_state_probability = 0.5\narms = { stim = 0.5, sham = 0.5 }\noutput = \"laser\"\n"
         "[[rule]]\nname = \"turn\"\nwhen = \"turn\"\ndirection = \"any\"\nstate = \"REM\"\n"
         "min_state_probability = 0.5\narms = { stim = 0.4, delayed = 0.6 }\noutput = \"laser\"\n"
         "[[output]]\nname = \"laser\"\ntype = \"mock\"\npulse_ms = 10\n";
}

struct Killed {
  std::unique_ptr<Player> player;
  std::unique_ptr<Daemon> daemon;
  std::chrono::milliseconds after{};
};

/// Monotonic time of the newest input that the log holds.
std::int64_t newest_input_ns(const std::filesystem::path& session) {
  auto reader = vturn::record::SessionReader::open(session.string());
  REQUIRE(reader);
  std::int64_t newest_ns = 0;
  for (auto item = reader->next(); item != vturn::record::SessionReader::Item::kEnd; item = reader->next()) {
    if (item == vturn::record::SessionReader::Item::kInput)
      newest_ns = std::max(newest_ns, reader->input().now_mono_ns);
  }
  return newest_ns;
}

void check_repair(const std::filesystem::path& session, const std::string& digest) {
  const std::filesystem::path repaired = session.string() + ".repaired.mcap";
  const Finished done = run_vturn({"export", session.string(), "--repair", repaired.string(), "--json"});
  INFO(done.output);
  REQUIRE(done.code == 0);
  const Json report = replay(repaired);
  CHECK(report.at("matches") == true);
  CHECK(report.at("digest") == digest);
  const Table before(export_csv(session) / "spikes.csv");
  const Table after(export_csv(repaired) / "spikes.csv");
  CHECK(before.rows() > 0);
  CHECK(after.rows() == before.rows());
}

}  // namespace

TEST_CASE("a session of two sources on a busy machine replays to its digest, 100 times and with every kernel") {
  const auto capture = shared_data("open-ephys/mouse28/zmq-spikes-318s.bin.zst");
  const auto model = mouse28_model();
  if (!capture || !model) return;
  const ScratchDir folder;
  const std::string address = free_address();
  const int port = free_ports(1).front();
  Player player(folder, *capture, address, kSpeed);
  Daemon daemon(folder, "busy",
                open_ephys_source(address, kSpeed) +
                    "[[source]]\nname = \"camera\"\ntype = \"tracking\"\nclock = \"arrival\"\nspeed = 10.0\nlisten = "
                    "\"127.0.0.1:" +
                    std::to_string(port) + "\"\n" + heading_section(*model));
  std::uint64_t headings = 0;
  {
    const Tracker tracker(port);
    const Load load(4);
    const Json health = daemon.await(
        [](const Json& h) {
          return counter(h, "spikes") >= 10000 && counter(h.at("sources").at(1), "headings_received") >= 300;
        },
        60s);
    CHECK(counter(health, "spikes") >= 10000);
    headings = counter(health.at("sources").at(1), "headings_received");
    CHECK(headings >= 300);
    player.process().signal(SIGINT);
    CHECK(player.process().wait(20s).has_value());
    CHECK(daemon.shut_down() == 0);
  }
  CHECK(Table(export_csv(daemon.session()) / "tracked_heading.csv").rows() >= headings);
  check_kernels(daemon, check_replays(daemon.session(), true));
}

TEST_CASE("a session full of arming, disarming, notes, triggers and vetoes replays to its digest 100 times") {
  const ScratchDir folder;
  const CalibratedMouse mouse = calibrated_mouse(folder);
  const auto night = folder / "night.txt";
  write_file(night, "W10 R30 W5 N10 R20\n");
  const std::string address = free_address();
  Daemon daemon(folder, "busy-operator", mouse_rig(mouse, address));
  Process simulator(
      {(bin_dir() / "vturn").string(), "simulate", "--as", "open-ephys", "--address", address, "--http", "",
       "--lfp-channels", "LFP,EMG", "--speed", "10", "--hypnogram", night.string(), "--duration", "150"},
      folder / "simulator.log");
  int armed = 0;
  int disarmed = 0;
  for (int round = 0; !simulator.wait(0ms); ++round) {
    REQUIRE(round < 1000);
    // Motion comes from the EMG: arming is refused only before the first data and after the last.
    armed += daemon.control({"arm", "--for", round % 3 == 0 ? "5s" : "10m"}).code == 0 ? 1 : 0;
    CHECK(daemon.control({"note", "round " + std::to_string(round) + std::string(120, '.')}).code == 0);
    simulator.wait(std::chrono::milliseconds(200 + 150 * (round % 4)));
    disarmed += daemon.control({"disarm"}).code == 0 ? 1 : 0;
    if (round % 4 != 3) continue;
    // Refused while the daemon's health still says armed.
    daemon.await([](const Json& h) { return h.at("armed") == false; }, 10s);
    const Finished tested = daemon.control({"self-test"});
    INFO(tested.output);
    CHECK(tested.code == 0);
  }
  INFO(simulator.output());
  CHECK(simulator.wait(0ms) == 0);
  CHECK(daemon.shut_down() == 0);
  const auto csv = export_csv(daemon.session());
  const Table session(csv / "session.csv");
  const std::size_t triggers = Table(csv / "triggers.csv").rows();
  const std::size_t vetoes = Table(csv / "vetoes.csv").rows();
  std::printf("operator's session: armed %d times, disarmed %d times, %zu triggers, %zu vetoes\n", armed, disarmed,
              triggers, vetoes);
  CHECK(armed >= 3);
  CHECK(disarmed >= 3);
  CHECK(session.count({{"change", "armed"}}) == static_cast<std::size_t>(armed));
  CHECK(session.count({{"change", "note"}}) >= 3);
  CHECK(triggers >= 5);
  CHECK(vetoes >= 20);
  check_replays(daemon.session(), true);

  // Features of sleep, those of units too, from the session's own log; far too short for a model without labels.
  const auto features = folder / "features.csv";
  const Finished calibrated =
      run_vturn({"calibrate", "sleep", "--recording", daemon.session().string(), "--unsupervised", "--write-features",
                 features.string(), "--out", (folder / "unlabelled.json").string()});
  INFO(calibrated.output);
  CHECK(calibrated.code != 0);
  CHECK(calibrated.output.find("no model") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder / "unlabelled.json"));
  const Table rows(features);
  CHECK(rows.rows() > 120);
  std::size_t with_units = 0;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const bool units = rows.number(row, "rate") > 10.0 && rows.number(row, "turn_speed") > 0.0;
    if (units && rows.number(row, "delta") > 0.0 && rows.number(row, "emg") > 0.0) ++with_units;
  }
  CHECK(with_units > 100);
}

TEST_CASE("a session whose daemon was killed is there up to a second before, replays 100 times, and is repaired") {
  const auto capture = shared_data("open-ephys/mouse28/zmq-spikes-318s.bin.zst");
  const auto model = mouse28_model();
  if (!capture || !model) return;
  const unsigned seed = std::random_device{}();
  std::printf("killed sessions: seed %u\n", seed);
  std::mt19937 random(seed);
  const ScratchDir folder;
  std::vector<Killed> runs;
  for (int i = 0; i < 3; ++i) {
    const std::string address = free_address();
    Killed run{std::make_unique<Player>(folder, *capture, address, kSpeed), nullptr, {}};
    run.daemon = std::make_unique<Daemon>(folder, "killed" + std::to_string(i),
                                          open_ephys_source(address, kSpeed) + heading_section(*model));
    run.after = std::chrono::milliseconds(1000 + random() % 3000);
    runs.push_back(std::move(run));
  }
  for (std::size_t i = 0; i < runs.size(); ++i) {
    Killed& run = runs[i];
    CAPTURE(seed, i, run.after.count());
    run.daemon->await([](const Json& h) { return counter(h, "spikes") > 0; }, 20s);
    std::this_thread::sleep_for(run.after);
    const std::int64_t killed_ns = vturn::rt::mono_now_ns();
    run.daemon->process().signal(SIGKILL);
    CHECK(run.daemon->process().wait(10s) == 128 + SIGKILL);
    const double missing_s = static_cast<double>(killed_ns - newest_input_ns(run.daemon->session())) * 1e-9;
    std::printf("killed session %zu: the log ends %.3f s before the kill\n", i, missing_s);
    CHECK(missing_s <= 1.0);
    const Json report = replay(run.daemon->session());
    CHECK(report.at("complete") == false);
    CHECK(report.at("matches") == true);
    check_repair(run.daemon->session(), report.at("digest"));
  }
  check_replays(runs.front().daemon->session(), false);
}
