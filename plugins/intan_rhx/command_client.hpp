#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/types.hpp"
#include "plugins/intan_rhx/command_text.hpp"
#include "plugins/intan_rhx/tcp_socket.hpp"

namespace vturn::plugins {

/// The one connection to RHX's command port. RHX takes a single client and does not listen again after it has left, so
/// nothing here ever closes a connection that still lives. One message is asked at a time. The reader's thread drives
/// it; `try_execute` alone belongs to the decision thread.
class CommandClient {
 public:
  explicit CommandClient(const sockaddr_in& address) : address_(address) { rest_.reserve(kRhxLongestMessage); }

  void connect() noexcept;
  /// Goes on with a connection that another process had opened.
  void adopt(TcpSocket socket) noexcept;
  /// Takes what has come and sends what was left over; false when the connection is gone.
  bool service() noexcept;

  /// Sends a message of rhx_messages; false when it has to wait (another is out, the decision thread is sending).
  bool try_ask(const std::string& message, MonoNs now_ns) noexcept;
  /// One that RHX answers when it likes: what begins a run.
  bool try_tell(const std::string& message) noexcept;
  std::optional<RhxAnswer> answer();
  /// The answer that is awaited will not come any more.
  void give_up() noexcept { waiting_ = false; }
  /// What RHX said without being asked.
  std::string unasked() { return waiting_ ? "" : parser_.unasked(); }

  /// Decision thread: one whole command at once or not at all. Never blocks, allocates or locks.
  bool try_execute(std::string_view command) noexcept;

  [[nodiscard]] bool up() const noexcept { return up_.load(std::memory_order_acquire); }
  [[nodiscard]] bool connecting() const noexcept { return socket_.state() == TcpSocket::State::kConnecting; }
  [[nodiscard]] bool waiting() const noexcept { return waiting_; }
  [[nodiscard]] MonoNs asked_ns() const noexcept { return asked_ns_; }
  /// When the first of the messages was asked that RHX has not answered; 0 = it has answered.
  [[nodiscard]] MonoNs unanswered_since_ns() const noexcept { return unanswered_since_ns_; }
  [[nodiscard]] int fd() const noexcept { return socket_.fd(); }
  [[nodiscard]] bool wants_to_write() const noexcept {
    return connecting() || unfinished_.load(std::memory_order_acquire);
  }

 private:
  bool try_send(std::string_view message, int tries) noexcept;
  void send_rest() noexcept;
  void forget_rest() noexcept;
  void lost() noexcept;

  sockaddr_in address_;
  TcpSocket socket_;
  std::atomic<bool> up_{false};
  /// Held while a message goes out or the socket is exchanged. Nobody waits for it.
  std::atomic_flag busy_;
  std::string rest_;                     ///< of a message that the socket took in part; with `busy_` held only
  std::atomic<bool> unfinished_{false};  ///< rest_ is not empty
  RhxAnswerParser parser_;
  bool waiting_ = false;
  MonoNs asked_ns_ = 0, unanswered_since_ns_ = 0;
};

}  // namespace vturn::plugins
