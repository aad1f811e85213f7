#include "tools/simulation/rhx_server.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "tools/lib/interrupt.hpp"

namespace vturn::simulation {
namespace {

using namespace std::chrono_literals;

constexpr auto kLongestWait = 20ms;  // so that Ctrl-C and a click on Connect are seen
constexpr auto kSplitPause = 300us;
constexpr std::size_t kReadBytes = 65536;
// What the kernel holds comes on top of RHX's own backlog; small, so that a rehearsed overrun comes when it should.
constexpr int kSendBufferBytes = 128 * 1024;

timespec time_until(RhxServer::Clock::time_point end) {
  const auto left = std::clamp<std::chrono::nanoseconds>(end - RhxServer::Clock::now(), 0ns, kLongestWait);
  return {0, left.count()};
}

}  // namespace

RhxServer::RhxServer(const RhxServerSettings& settings)
    : settings_(settings),
      state_(settings.identity, settings.ports),
      commands_(state_),
      address_(parse_tcp_address(settings.address)),
      command_listener_(listen_tcp(address_)),
      ports_{DataPort{&state_.waveform, "waveform"}, DataPort{&state_.spike, "spike"}},
      random_(settings.split_seed.value_or(0), 11) {
  state_.waveform.port = settings.waveform_port;
  state_.spike.port = settings.spike_port;
  state_.waveform.host = state_.spike.host = address_.host;
}

std::string RhxServer::announcement() const {
  return "RHX " + state_.identity.version + " (" + state_.identity.type + ", " +
         std::to_string(state_.identity.sample_rate_hz) + " Hz), commands on port " + std::to_string(address_.port);
}

double RhxServer::now_s() const { return std::chrono::duration<double>(Clock::now().time_since_epoch()).count(); }

void RhxServer::serve_until(Clock::time_point end) {
  const bool was_running = state_.running();
  do {
    wait(end);
    if (click_at_ && Clock::now() >= *click_at_) {
      command_listener_ = listen_tcp(address_);
      click_at_.reset();
    }
    serve_commands();
    for (auto& port : ports_) {
      follow_asked(port);
      serve(port);
    }
  } while (Clock::now() < end && state_.running() == was_running && !state_.crashed && !tools::interrupted());
}

void RhxServer::wait(Clock::time_point end) {
  std::array<pollfd, 6> items{};
  std::size_t count = 0;
  const auto add = [&](const Descriptor& fd, short events) {
    if (fd) items[count++] = {fd.get(), events, 0};
  };
  add(command_listener_, POLLIN);
  add(command_client_, POLLIN);
  for (const auto& port : ports_) {
    add(port.listener, POLLIN);
    const bool due = !port.queue.empty() && port.queue.front().due <= Clock::now();
    add(port.client, due ? POLLIN | POLLOUT : POLLIN);
    if (!port.queue.empty() && !due) end = std::min(end, port.queue.front().due);
  }
  const timespec time = time_until(end);
  ppoll(items.data(), count, &time, nullptr);
}

void RhxServer::serve_commands() {
  if (command_listener_) {
    command_client_ = accept_tcp(command_listener_);
    if (!command_client_) return;
    command_listener_.reset();
  }
  if (!command_client_) return;
  std::array<char, kReadBytes> text;
  const auto size = recv(command_client_.get(), text.data(), text.size(), 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) return command_client_left();
  const bool was_running = state_.running();
  std::string replies = commands_.take({text.data(), static_cast<std::size_t>(size)}, now_s());
  if (was_running && !state_.running()) replies += commands_.run_stopped(now_s());
  reply(replies);
}

void RhxServer::command_client_left() {
  command_client_.reset();
  std::fprintf(stderr, "simulated RHX: the command client has left; nobody listens for commands any more\n");
  if (settings_.reconnect_click_s) {
    click_at_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                   std::chrono::duration<double>(*settings_.reconnect_click_s));
  }
}

void RhxServer::close_commands() {
  if (command_client_) command_client_left();
}

void RhxServer::reply(const std::string& text) {
  if (text.empty() || !command_client_) return;
  [[maybe_unused]] const auto sent = send(command_client_.get(), text.data(), text.size(), MSG_NOSIGNAL);
}

void RhxServer::follow_asked(DataPort& port) {
  RhxOutput& output = *port.output;
  if (std::exchange(output.disconnect_asked, false)) {
    if (port.client && state_.identity.compare_version(3, 3) >= 0) abandoned_.push_back(std::move(port.client));
    port.client.reset();
    port.listener.reset();
    port.queue.clear();
    output.status = RhxConnection::kDisconnected;
  }
  if (!std::exchange(output.connect_asked, false) || output.status != RhxConnection::kDisconnected) return;
  TcpAddress address{output.host, output.port};
  try {
    port.listener = listen_tcp(address);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "simulated RHX: %s data: %s\n", port.name, error.what());
    return;
  }
  output.port = address.port;
  output.status = RhxConnection::kPending;
}

void RhxServer::serve(DataPort& port) {
  if (port.listener) {
    port.client = accept_tcp(port.listener);
    if (!port.client) return;
    port.listener.reset();
    port.output->status = RhxConnection::kConnected;
    setsockopt(port.client.get(), SOL_SOCKET, SO_SNDBUF, &kSendBufferBytes, sizeof kSendBufferBytes);
    const int no_delay = settings_.split_seed ? 1 : 0;  // else Nagle would glue the pieces together again
    setsockopt(port.client.get(), IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
  }
  if (!port.client) return;
  char ignored = 0;
  const auto size = recv(port.client.get(), &ignored, 1, 0);
  if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) return lose_client(port);
  send_due(port);
}

std::size_t RhxServer::next_piece(std::size_t left) {
  if (!settings_.split_seed) return left;
  return 1 + static_cast<std::size_t>(random_.bits() % left);
}

void RhxServer::send_due(DataPort& port) {
  while (!port.queue.empty() && port.queue.front().due <= Clock::now()) {
    Write& write = port.queue.front();
    const std::size_t left = write.bytes.size() - write.sent;
    const std::size_t piece = next_piece(left);
    const auto size = send(port.client.get(), write.bytes.data() + write.sent, piece, MSG_NOSIGNAL);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size < 0) return lose_client(port);
    write.sent += static_cast<std::size_t>(size);
    port.bytes_sent += static_cast<std::uint64_t>(size);
    if (write.sent == write.bytes.size()) {
      port.queue.pop_front();
    } else if (settings_.split_seed) {
      write.due = Clock::now() + kSplitPause;
    } else {
      return;
    }
  }
}

void RhxServer::lose_client(DataPort& port) {
  port.client.reset();
  port.queue.clear();
  port.output->status = RhxConnection::kDisconnected;
}

void RhxServer::drop_client(RhxStream stream) {
  if (port(stream).client) lose_client(port(stream));
}

void RhxServer::write(RhxStream stream, std::vector<std::uint8_t> bytes, double data_s, Clock::time_point due) {
  DataPort& to = port(stream);
  if (!to.client || bytes.empty()) return;
  if (stream == RhxStream::kWaveform) {
    due += std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(settings_.waveform_delay_s));
  }
  to.queue.push_back({std::move(bytes), 0, data_s, due});
  if (data_s - to.queue.front().data_s > settings_.backlog_s) return overrun(to, data_s);
  send_due(to);
}

void RhxServer::overrun(const DataPort& culprit, double data_s) {
  std::fprintf(stderr,
               "simulated RHX: \"Software Buffer Overrun Error\": the %s client left %.0f s of data unread; the run "
               "has stopped\n",
               culprit.name, settings_.backlog_s);
  ++overruns_;
  // A write that is half out is completed, so that the next run starts on a whole block. Its client has RHX's patience
  // anew.
  for (auto& port : ports_) {
    const bool half_out = !port.queue.empty() && port.queue.front().sent > 0;
    port.queue.resize(half_out ? 1 : 0, {});
    if (half_out) port.queue.front().data_s = data_s;
  }
  stop_run();
  reply("Board must be running in order to stopBoard must be running in order to stop");
}

void RhxServer::stop_run() {
  if (!state_.running()) return;
  state_.run_mode = RhxRunMode::kStop;
  reply(commands_.run_stopped(now_s()));
}

double RhxServer::waiting_s() const {
  double most_s = 0.0;
  for (const auto& port : ports_) {
    if (!port.queue.empty()) most_s = std::max(most_s, port.queue.back().data_s - port.queue.front().data_s);
  }
  return most_s;
}

bool RhxServer::has_clients() const noexcept { return command_client_ || ports_[0].client || ports_[1].client; }

bool RhxServer::drain(Clock::time_point end) {
  while (!everything_sent() && Clock::now() < end && !tools::interrupted() && !state_.crashed) {
    serve_until(std::min(end, Clock::now() + 5ms));
  }
  return everything_sent();
}

void RhxServer::let_clients_take(double most_waiting_s) {
  while (waiting_s() > most_waiting_s && !tools::interrupted() && !state_.crashed) serve_until(Clock::now() + 5ms);
}

bool RhxServer::finish(Clock::time_point end, bool stay) {
  const bool delivered = drain(end);
  stop_run();
  while (stay && !tools::interrupted() && !state_.crashed && has_clients()) serve_until(Clock::now() + kLongestWait);
  return delivered && !state_.crashed;
}

void RhxServer::report(tools::Json& summary) const {
  summary["waveform_bytes"] = bytes_sent(RhxStream::kWaveform);
  summary["spike_bytes"] = bytes_sent(RhxStream::kSpike);
  summary["overruns"] = overruns_;
  summary["crashed"] = state_.crashed;
}

}  // namespace vturn::simulation
