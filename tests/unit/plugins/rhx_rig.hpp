#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "tools/simulation/rhx_acquisition.hpp"
#include "tools/simulation/rhx_server.hpp"

namespace vturn::test {

/// 128 frames of a controller that hears nothing: a crossing on A-000 in each, a pulse on the first digital line every
/// ten blocks.
class QuietBlock final : public simulation::RhxBlock {
 public:
  QuietBlock(std::int64_t first, const simulation::RhxState& state) : RhxBlock(first), identity_(state.identity) {
    spikes.push_back({0, first + 5});
  }
  void words(const simulation::RhxBoard& board, const simulation::RhxColumn& column,
             simulation::RhxWords& out) const override {
    out.fill(simulation::rhx_resting_word(identity_, board, column));
    const bool lines = board.channels()[column.channel].signal == simulation::RhxSignal::kDigitalIn;
    if (lines) out.fill(first_sample / 128 % 10 < 5 ? 1 : 0);
  }

 private:
  const simulation::RhxIdentity& identity_;
};

/// A simulated RHX on free ports, served by a thread of its own: while a run is on it acquires in real time.
class SimulatedRhx {
 public:
  using Server = simulation::RhxServer;
  using Clock = Server::Clock;

  explicit SimulatedRhx(const std::string& type = "ControllerRecordUSB3", double reconnect_click_s = 0.05)
      : server_(settings(type, reconnect_click_s)), acquisition_(server_, {}), thread_([this] { run(); }) {}
  ~SimulatedRhx() {
    over_ = true;
    thread_.join();
  }
  SimulatedRhx(const SimulatedRhx&) = delete;
  SimulatedRhx& operator=(const SimulatedRhx&) = delete;

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(server_.command_port()); }
  /// Does it on the server's thread.
  template <class Task>
  auto with(Task task) {
    std::packaged_task<decltype(task(server_))()> packaged([&] { return task(server_); });
    auto result = packaged.get_future();
    {
      const std::lock_guard lock(mutex_);
      tasks_.emplace_back([&] { packaged(); });
    }
    return result.get();
  }
  void begin(simulation::RhxRunMode mode = simulation::RhxRunMode::kRun) {
    with([&](Server& server) { server.state().begin_run(mode); });
  }
  /// Ends the run; what was sent is given to the clients before.
  void end() {
    with([](Server& server) {
      server.drain(Clock::now() + std::chrono::seconds(5));
      server.stop_run();
    });
  }
  [[nodiscard]] bool connected() {
    return with([](Server& server) {
      return server.connected(simulation::RhxStream::kWaveform) && server.connected(simulation::RhxStream::kSpike);
    });
  }
  /// Blocks and spikes that went out.
  std::uint64_t blocks_sent(std::size_t columns) {
    return with([&](Server& server) {
      return server.bytes_sent(simulation::RhxStream::kWaveform) / (4 + 128 * (4 + 2 * columns));
    });
  }
  std::uint64_t spikes_sent() {
    return with([](Server& server) { return server.bytes_sent(simulation::RhxStream::kSpike) / 14; });
  }

 private:
  static constexpr auto kBlock = std::chrono::microseconds(6400);  // 128 samples at 20 kHz

  static simulation::RhxServerSettings settings(const std::string& type, double reconnect_click_s) {
    simulation::RhxServerSettings all;
    all.identity.type = type;
    all.identity.sample_rate_hz = 20000;
    all.identity.playback = true;
    all.ports = {{'A', 32}};
    all.address = "127.0.0.1:0";
    all.waveform_port = all.spike_port = 0;
    if (reconnect_click_s > 0) all.reconnect_click_s = reconnect_click_s;
    return all;
  }
  void run() {
    Clock::time_point due = Clock::now();
    while (!over_) {
      do_tasks();
      server_.serve_until(Clock::now() + std::chrono::milliseconds(1));
      if (!server_.state().running()) due = Clock::now();
      for (; server_.state().running() && due <= Clock::now(); due += kBlock) acquire();
    }
    do_tasks();
  }
  void do_tasks() {
    const std::lock_guard lock(mutex_);
    for (const auto& task : std::exchange(tasks_, {})) task();
  }
  void acquire() {
    acquisition_.take_stimuli([this](const auto&) { return next_; });
    std::vector<std::unique_ptr<simulation::RhxBlock>> burst;
    burst.push_back(std::make_unique<QuietBlock>(next_, server_.state()));
    next_ += 128;
    acquisition_.acquire(std::move(burst), Clock::now());
  }

  Server server_;
  simulation::RhxAcquisition acquisition_;
  std::int64_t next_ = 0;
  std::mutex mutex_;
  std::vector<std::function<void()>> tasks_;
  std::atomic<bool> over_{false};
  std::thread thread_;
};

/// A hand in RHX's window: the wide band of a channel over TCP.
inline void switch_wide(simulation::RhxServer& server, const std::string& channel, bool on) {
  auto& board = server.state().board;
  simulation::find_item(board.find(channel)->items, "TCPDataOutputEnabled")->set(on ? "true" : "false");
  board.changed();
}

}  // namespace vturn::test
