#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/lib/json_out.hpp"
#include "tools/simulation/random.hpp"
#include "tools/simulation/rhx_commands.hpp"
#include "tools/simulation/tcp.hpp"

namespace vturn::simulation {

struct RhxServerSettings {
  RhxIdentity identity;
  std::vector<RhxPort> ports{{'A', 32}, {'B', 32}, {'C', 32}, {'D', 32}};
  std::string address = "127.0.0.1:5000";        ///< commands; it listens from the start, as after a click on Connect
  int waveform_port = 5001, spike_port = 5002;   ///< until set otherwise; 0 = any free one
  double backlog_s = 15.0;                       ///< of data that a client has not taken, then RHX stops
  double waveform_delay_s = 0.0;                 ///< Nagle against a delayed ACK: spikes overtake the waveform
  std::optional<std::uint64_t> split_seed = {};  ///< cuts writes at random places
  std::optional<double> reconnect_click_s = {};  ///< a human clicks Connect so long after the command client left
};

enum class RhxStream : std::uint8_t { kWaveform, kSpike };

/// The sockets of a simulated RHX, served by whoever calls serve_until(): one command client, after whose leaving
/// nobody listens any more; one client a data port, whose listener closes on accept and is opened by
/// `execute ConnectTCP...DataOutput` only. Nagle's algorithm is left on, as RHX leaves it.
class RhxServer {
 public:
  using Clock = std::chrono::steady_clock;

  explicit RhxServer(const RhxServerSettings& settings);

  [[nodiscard]] RhxState& state() noexcept { return state_; }
  [[nodiscard]] const RhxState& state() const noexcept { return state_; }
  [[nodiscard]] int command_port() const noexcept { return address_.port; }
  /// What it is and where it listens, in one line.
  [[nodiscard]] std::string announcement() const;

  /// Serves until then; earlier when a run begins or ends, RHX crashes, or the user interrupts.
  void serve_until(Clock::time_point end);

  [[nodiscard]] bool connected(RhxStream stream) const noexcept { return bool(port(stream).client); }
  /// One TCP write of RHX, not before `due`; nothing when no client is there. `data_s`: data time of its end, by which
  /// the backlog is measured.
  void write(RhxStream stream, std::vector<std::uint8_t> bytes, double data_s, Clock::time_point due);
  [[nodiscard]] bool everything_sent() const noexcept { return ports_[0].queue.empty() && ports_[1].queue.empty(); }
  /// Waits until clients have been given everything; false when they did not take it by then.
  bool drain(Clock::time_point end);
  /// Waits until no more than so many seconds of data wait to be taken.
  void let_clients_take(double most_waiting_s);
  /// The data are over: drains, stops the run, and may stay, stopped, until the clients have left.
  bool finish(Clock::time_point end, bool stay);
  /// Data time (s) between the newest and the oldest write that a client has not taken.
  [[nodiscard]] double waiting_s() const;
  [[nodiscard]] bool has_clients() const noexcept;
  /// The run ends by itself (its data are over).
  void stop_run();
  /// Closes a data connection, as a broken network does.
  void drop_client(RhxStream stream);
  /// Closes the command connection, as a click on Disconnect does.
  void close_commands();

  [[nodiscard]] std::uint64_t overruns() const noexcept { return overruns_; }
  [[nodiscard]] std::uint64_t bytes_sent(RhxStream stream) const noexcept { return port(stream).bytes_sent; }
  void report(tools::Json& summary) const;

 private:
  struct Write {
    std::vector<std::uint8_t> bytes;
    std::size_t sent;
    double data_s;
    Clock::time_point due;
  };
  struct DataPort {
    RhxOutput* output;
    const char* name;
    Descriptor listener{}, client{};
    std::deque<Write> queue{};
    std::uint64_t bytes_sent = 0;
  };

  [[nodiscard]] DataPort& port(RhxStream stream) noexcept { return ports_[static_cast<std::size_t>(stream)]; }
  [[nodiscard]] const DataPort& port(RhxStream stream) const noexcept {
    return ports_[static_cast<std::size_t>(stream)];
  }
  void wait(Clock::time_point end);
  void serve_commands();
  void command_client_left();
  void reply(const std::string& text);
  void follow_asked(DataPort& port);
  void serve(DataPort& port);
  void send_due(DataPort& port);
  [[nodiscard]] std::size_t next_piece(std::size_t left);
  void lose_client(DataPort& port);
  void overrun(const DataPort& culprit, double data_s);
  [[nodiscard]] double now_s() const;

  RhxServerSettings settings_;
  RhxState state_;
  RhxCommands commands_;
  TcpAddress address_;
  Descriptor command_listener_, command_client_;
  std::array<DataPort, 2> ports_;
  std::vector<Descriptor> abandoned_;  ///< disconnected by command: RHX forgets such a socket without closing it
  Random random_;
  std::optional<Clock::time_point> click_at_;
  std::uint64_t overruns_ = 0;
};

}  // namespace vturn::simulation
