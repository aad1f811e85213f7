#include "plugins/intan_rhx/command_client.hpp"

#include <array>

namespace vturn::plugins {
namespace {

/// Holds the flag when it was free; never waits, because a waiting reader could starve the holder on its own core.
class Turn {
 public:
  explicit Turn(std::atomic_flag& busy, int tries = 1) noexcept : busy_(busy) {
    while (tries-- > 0 && !mine_) mine_ = !busy_.test_and_set(std::memory_order_acquire);
  }
  ~Turn() {
    if (mine_) busy_.clear(std::memory_order_release);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  explicit operator bool() const noexcept { return mine_; }

 private:
  std::atomic_flag& busy_;
  bool mine_ = false;
};

// Long: after a loss somebody has to click Connect in RHX.
constexpr int kPatienceS = 60;

// The reader holds the flag for microseconds, on another core: worth a moment before a pulse is refused.
constexpr int kPulseTries = 2000;

}  // namespace

void CommandClient::connect() noexcept {
  if (up() || connecting()) return;
  // The decision thread may still be sending to the connection before.
  const Turn turn(busy_);
  if (!turn) return;
  forget_rest();
  socket_.connect(address_, kPatienceS);
  if (socket_.open()) up_.store(true, std::memory_order_release);
}

void CommandClient::adopt(TcpSocket socket) noexcept {
  socket_ = std::move(socket);
  up_.store(true, std::memory_order_release);
}

bool CommandClient::service() noexcept {
  if (connecting()) {
    if (socket_.finish_connecting() == TcpSocket::State::kOpen) up_.store(true, std::memory_order_release);
    return socket_.state() != TcpSocket::State::kClosed;
  }
  // One read, however much there is: the data sockets come next.
  std::array<std::uint8_t, 4096> bytes;
  const std::ptrdiff_t size = up() ? socket_.receive(bytes) : -1;
  if (size > 0) parser_.take({reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size)});
  if (size < 0) {
    lost();
    return false;
  }
  send_rest();
  return true;
}

void CommandClient::lost() noexcept {
  up_.store(false, std::memory_order_release);
  give_up();
  unanswered_since_ns_ = 0;
  static_cast<void>(parser_.unasked());
  // The decision thread may be about to send: then the next call closes it.
  const Turn turn(busy_);
  if (!turn) return;
  socket_.close();
  forget_rest();
}

void CommandClient::forget_rest() noexcept {
  rest_.clear();
  unfinished_.store(false, std::memory_order_release);
}

bool CommandClient::try_send(std::string_view message, int tries) noexcept {
  const Turn turn(busy_, tries);
  if (!turn || !up() || !rest_.empty()) return false;
  const std::ptrdiff_t sent = socket_.send(message.data(), message.size());
  if (sent <= 0) return false;
  // A message that another one interrupts would become a third: its rest goes before anything else.
  rest_.assign(message.substr(static_cast<std::size_t>(sent)));
  unfinished_.store(!rest_.empty(), std::memory_order_release);
  return true;
}

void CommandClient::send_rest() noexcept {
  if (!unfinished_.load(std::memory_order_acquire)) return;
  const Turn turn(busy_);
  if (!turn) return;
  const std::ptrdiff_t sent = socket_.send(rest_.data(), rest_.size());
  if (sent > 0) rest_.erase(0, static_cast<std::size_t>(sent));
  unfinished_.store(!rest_.empty(), std::memory_order_release);
}

bool CommandClient::try_ask(const std::string& message, MonoNs now_ns) noexcept {
  if (waiting_ || !try_send(message, 1)) return false;
  waiting_ = true;
  asked_ns_ = now_ns;
  if (unanswered_since_ns_ == 0) unanswered_since_ns_ = now_ns;
  return true;
}

bool CommandClient::try_tell(const std::string& message) noexcept { return !waiting_ && try_send(message, 1); }

std::optional<RhxAnswer> CommandClient::answer() {
  if (!waiting_) return std::nullopt;
  auto answer = parser_.next();
  if (!answer) return std::nullopt;
  waiting_ = false;
  unanswered_since_ns_ = 0;
  return answer;
}

bool CommandClient::try_execute(std::string_view command) noexcept { return try_send(command, kPulseTries); }

}  // namespace vturn::plugins
