#pragma once

#include <zmq.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "daemon/ingest/frames.hpp"

namespace vturn::plugins {

struct ZmqContextDeleter {
  void operator()(void* context) const noexcept { zmq_ctx_term(context); }
};
struct ZmqSocketDeleter {
  void operator()(void* socket) const noexcept { zmq_close(socket); }
};
using ZmqContext = std::unique_ptr<void, ZmqContextDeleter>;
using ZmqSocket = std::unique_ptr<void, ZmqSocketDeleter>;

/// A context whose I/O thread has this SCHED_FIFO priority (0 = ordinary). Must be made, with its first socket, before
/// the calling thread raises its own priority: the I/O thread takes over what it finds.
ZmqContext make_zmq_context(int io_thread_priority);

/// A SUB socket to everything that the GUI publishes. Its receive queue is unlimited: at the default of 1000 messages
/// the publisher would drop whole blocks in silence after a stall (RCVHWM 1000 loses 2.4 s of 32 channels, 0 none).
/// libzmq reconnects by itself. After construction it may move to another thread.
class Subscriber {
 public:
  /// Throws std::runtime_error with one line.
  Subscriber(void* context, const std::string& address);

  /// The next multipart message if there is one; its frames live until the next call. Never blocks.
  bool receive() noexcept;
  [[nodiscard]] ingest::Frames frames() const noexcept { return {frames_.data(), count_}; }
  /// Readable when receive() may find something. Edge-triggered: sleep on it only after receive() has said no.
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  struct Part {
    Part() noexcept { zmq_msg_init(&message); }
    ~Part() { zmq_msg_close(&message); }
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;
    zmq_msg_t message;
  };
  ZmqSocket socket_;
  std::array<Part, ingest::kMaxFrames> parts_;
  Part surplus_;  ///< parts beyond kMaxFrames: received and left out, the parser refuses the message
  std::array<ingest::Bytes, ingest::kMaxFrames> frames_;
  std::size_t count_ = 0;
  int fd_ = -1;
};

}  // namespace vturn::plugins
