// Who reads from the daemon may stop, and what it writes to may be full: it must go on reading and deciding as if
// nothing were, and say that it no longer records.
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vturn/v1/events.pb.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>
#include <zmq.hpp>

#include "tests/helpers/shared_data.hpp"
#include "tests/integration/csv.hpp"
#include "tests/integration/daemon.hpp"
#include "tests/integration/models.hpp"

using namespace vturn::test;
using namespace std::chrono_literals;

namespace {

constexpr double kSpeed = 20.0;
constexpr std::uint64_t kMessages = 51975, kSpikes = 51339, kTtl = 636;

/// A subscriber in good health that keeps every heading, so that a daemon whose log is lost can be compared too.
class Subscriber {
 public:
  explicit Subscriber(const std::string& address) : socket_(context_, zmq::socket_type::sub) {
    socket_.set(zmq::sockopt::rcvhwm, 0);
    socket_.set(zmq::sockopt::rcvtimeo, 50);
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::subscribe, "heading");
    socket_.set(zmq::sockopt::subscribe, "session");
    socket_.connect(address);
    thread_ = std::thread([this] { run(); });
    // The session's start is retained for newcomers: with it the subscription is known to hold.
    for (int i = 0; i < 1000 && !subscribed_; ++i) std::this_thread::sleep_for(10ms);
    if (!subscribed_) throw std::runtime_error("nothing came from " + address);
  }
  ~Subscriber() { end(); }
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  /// Angle by session time of every heading that came.
  const std::map<std::int64_t, float>& headings() {
    end();
    return headings_;
  }

 private:
  void end() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }

  void run() {
    while (!stop_) {
      zmq::message_t topic, body;
      if (!socket_.recv(topic) || !socket_.recv(body)) continue;
      subscribed_ = true;
      vturn::v1::Heading heading;
      if (topic.to_string_view() != "heading" || !heading.ParseFromArray(body.data(), static_cast<int>(body.size())))
        continue;
      headings_[heading.header().session_time_ns()] = heading.angle_rad();
    }
  }

  zmq::context_t context_;
  zmq::socket_t socket_;
  std::atomic<bool> subscribed_{false}, stop_{false};
  std::map<std::int64_t, float> headings_;
  std::thread thread_;
};

/// One daemon on the capture, watched by a subscriber. Spikes are put in order over a long window, so that the engine's
/// inputs are the same whatever else the machine does.
struct Run {
  std::string name, address;
  std::unique_ptr<Daemon> daemon;
  std::unique_ptr<Subscriber> subscriber;
  std::unique_ptr<Player> player;
};

Run start(const ScratchDir& folder, const std::string& name, const std::filesystem::path& model,
          const std::string& record = "") {
  Run run{name, free_address(), nullptr, nullptr, nullptr};
  const std::string rig = open_ephys_source(run.address, kSpeed, "order = \"hold\"\nhold_ms = 1000") +
                          "[heading]\nmodel = \"" + model.string() + "\"\nimage_y = \"up\"\n";
  run.daemon = std::make_unique<Daemon>(folder, name, rig, record);
  run.subscriber = std::make_unique<Subscriber>(run.daemon->publish_address());
  return run;
}

void play(const ScratchDir& folder, Run& run, const std::filesystem::path& capture) {
  run.player = std::make_unique<Player>(folder, capture, run.address, kSpeed);
}

/// The whole capture came in and went on to the engine; gives the health at that moment.
Json check_inputs(Run& run) {
  INFO(run.name);
  CHECK(run.player->finish(120s) == kMessages);
  const Json health = run.daemon->await(
      [](const Json& h) { return counter(h, "spikes") == kSpikes && counter(h, "ttl") == kTtl; }, 20s);
  const Json& source = health.at("sources").at(0);
  CHECK(counter(source, "messages_received") == kMessages);
  CHECK(counter(source, "messages_parsed") == kMessages);
  CHECK(counter(source, "messages_lost") == 0);
  CHECK(counter(source, "spikes_enqueued") == kSpikes);
  CHECK(counter(source, "queue_refused") == 0);
  CHECK(counter(health, "spikes") == kSpikes);
  CHECK(counter(health, "ttl") == kTtl);
  CHECK(counter(health, "late_spikes") == 0);
  return health;
}

/// A file system of one megabyte, gone with the object.
class SmallDisk {
 public:
  explicit SmallDisk(std::filesystem::path at) : at_(std::move(at)) {
    std::filesystem::create_directories(at_);
    mounted_ = ::mount("tmpfs", at_.c_str(), "tmpfs", 0, "size=1m") == 0;
    if (!mounted_) std::printf("SKIPPED: a full disk: mounting a tmpfs needs root\n");
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(at_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  [[nodiscard]] bool mounted() const { return mounted_; }

 private:
  std::filesystem::path at_;
  bool mounted_ = false;
};

/// A process that reads a pipe into a file.
class PipeReader {
 public:
  PipeReader(const ScratchDir& folder, const std::string& pipe, const std::string& into) {
    const std::string path = (folder / pipe).string();
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    process_ = std::make_unique<Process>(
        std::vector<std::string>{"/bin/sh", "-c", "exec cat " + path + " > " + (folder / into).string()},
        folder / "cat.log");
    // Only a pipe that has its reader can be opened so.
    for (int i = 0; i < 1000 && writer_ < 0; ++i) {
      writer_ = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
      if (writer_ < 0) std::this_thread::sleep_for(10ms);
    }
    REQUIRE(writer_ >= 0);
  }
  ~PipeReader() { leave_to_daemon(); }
  PipeReader(const PipeReader&) = delete;
  PipeReader& operator=(const PipeReader&) = delete;

  /// From here on the pipe ends with the daemon.
  void leave_to_daemon() {
    if (writer_ >= 0) ::close(writer_);
    writer_ = -1;
  }
  Process& process() { return *process_; }

 private:
  int writer_ = -1;
  std::unique_ptr<Process> process_;
};

void check_repaired(const std::filesystem::path& session, const std::filesystem::path& repaired) {
  const Finished done = run_vturn({"export", session.string(), "--repair", repaired.string()});
  INFO(done.output);
  CHECK(done.code == 0);
  CHECK(replay(repaired).at("matches") == true);
}

}  // namespace

TEST_CASE("the daemon ends in time although nobody empties the pipe of its session log") {
  const auto capture = shared_data("open-ephys/capture-raw-b128.bin");
  if (!capture) return;
  const ScratchDir folder;
  PipeReader reader(folder, "pipe", "piped.mcap");
  const std::string address = free_address();
  Daemon daemon(folder, "stopped",
                open_ephys_source(address) +
                    "[sleep]\nchannels = { theta = \"ephys/CH1\", slow = "
                    "\"ephys/CH2\", emg = \"ephys/CH3\", motion = \"ephys/CH4\" }\n",
                "file = \"pipe\"");
  reader.leave_to_daemon();
  reader.process().signal(SIGSTOP);
  Player player(folder, *capture, address);
  CHECK(player.finish(60s) == 4000);
  const Json health =
      daemon.await([](const Json& h) { return counter(h.at("sources").at(0), "messages_received") == 4000; }, 20s);
  CHECK(counter(health.at("sources").at(0), "messages_received") == 4000);
  CHECK(counter(health.at("sources").at(0), "messages_parsed") == 4000);
  CHECK(counter(health.at("sources").at(0), "queue_refused") == 0);
  CHECK(daemon.shut_down() == 0);
  CHECK(daemon.output().find("NOT whole") != std::string::npos);
}

TEST_CASE("a stopped subscriber, a stopped pipe and a full disk change neither what is read nor what is decided") {
  const auto capture = shared_data("open-ephys/mouse28/zmq-spikes-318s.bin.zst");
  const auto model = mouse28_model();
  if (!capture || !model) return;
  const ScratchDir folder;
  const SmallDisk disk(folder / "disk");
  PipeReader reader(folder, "pipe", "piped.mcap");

  std::vector<Run> runs;
  runs.push_back(start(folder, "undisturbed", *model));
  runs.push_back(start(folder, "subscriber", *model));
  runs.push_back(start(folder, "pipe-reader", *model, "file = \"pipe\""));
  runs.push_back(start(folder, "device-full", *model, "file = \"/dev/full\""));
  reader.leave_to_daemon();
  if (disk.mounted()) runs.push_back(start(folder, "disk-full", *model, "file = \"disk/session.mcap\""));

  Process monitor({(bin_dir() / "vturn").string(), "monitor", "--address", runs[1].daemon->publish_address()},
                  folder / "monitor.log");
  CHECK(monitor.wait_for_output("session", 10s));
  monitor.signal(SIGSTOP);
  reader.process().signal(SIGSTOP);
  for (Run& run : runs) play(folder, run, *capture);
  std::vector<Json> ends;
  for (Run& run : runs) ends.push_back(check_inputs(run));
  std::printf("stopped subscriber: %llu messages published while it had stalled\n",
              static_cast<unsigned long long>(counter(ends[1], "publish_dropped")));
  CHECK(counter(ends[1], "publish_dropped") > 0);

  reader.process().signal(SIGCONT);  // this one wakes up in time: nothing is lost
  for (Run& run : runs) {
    INFO(run.name);
    CHECK(run.daemon->shut_down() == 0);
    CHECK(run.subscriber->headings().size() > 30000);
    CHECK(run.subscriber->headings() == runs[0].subscriber->headings());
  }
  CHECK(runs[3].daemon->output().find("/dev/full: writing failed: No space left on device") != std::string::npos);
  CHECK(reader.process().wait(10s) == 0);
  for (const char* whole : {"undisturbed.mcap", "subscriber.mcap", "piped.mcap"}) {
    INFO(whole);
    const Json report = replay(folder / whole);
    CHECK(report.at("matches") == true);
    CHECK(report.at("complete") == true);
  }
  if (disk.mounted()) check_repaired(folder / "disk/session.mcap", folder / "repaired.mcap");
}
