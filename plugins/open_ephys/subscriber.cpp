#include "plugins/open_ephys/subscriber.hpp"

#include <sched.h>

#include <stdexcept>

namespace vturn::plugins {
namespace {

constexpr std::int64_t kMaxMessageBytes = 64 << 20;
// A GUI whose machine lost power says nothing: noticed after some 10 s, and connected to again when it is back.
constexpr int kKeepaliveIdleS = 5, kKeepaliveIntervalS = 2, kKeepaliveTries = 3;

void set_option(void* socket, int option, int value) { zmq_setsockopt(socket, option, &value, sizeof value); }

}  // namespace

ZmqContext make_zmq_context(int io_thread_priority) {
  ZmqContext context(zmq_ctx_new());
  if (!context) throw std::runtime_error("ZeroMQ: cannot make a context");
  if (io_thread_priority > 0) {
    zmq_ctx_set(context.get(), ZMQ_THREAD_SCHED_POLICY, SCHED_FIFO);
    zmq_ctx_set(context.get(), ZMQ_THREAD_PRIORITY, io_thread_priority);
  }
  return context;
}

Subscriber::Subscriber(void* context, const std::string& address) : socket_(zmq_socket(context, ZMQ_SUB)) {
  if (!socket_) throw std::runtime_error(std::string("ZeroMQ: cannot make a socket: ") + zmq_strerror(zmq_errno()));
  set_option(socket_.get(), ZMQ_RCVHWM, 0);
  set_option(socket_.get(), ZMQ_LINGER, 0);
  set_option(socket_.get(), ZMQ_TCP_KEEPALIVE, 1);
  set_option(socket_.get(), ZMQ_TCP_KEEPALIVE_IDLE, kKeepaliveIdleS);
  set_option(socket_.get(), ZMQ_TCP_KEEPALIVE_INTVL, kKeepaliveIntervalS);
  set_option(socket_.get(), ZMQ_TCP_KEEPALIVE_CNT, kKeepaliveTries);
  zmq_setsockopt(socket_.get(), ZMQ_MAXMSGSIZE, &kMaxMessageBytes, sizeof kMaxMessageBytes);
  zmq_setsockopt(socket_.get(), ZMQ_SUBSCRIBE, "", 0);
  if (zmq_connect(socket_.get(), address.c_str()) != 0)
    throw std::runtime_error("address = \"" + address + "\": " + zmq_strerror(zmq_errno()) +
                             "; expected tcp://HOST:PORT of the ZMQ Interface plugin");
  std::size_t size = sizeof fd_;
  zmq_getsockopt(socket_.get(), ZMQ_FD, &fd_, &size);
}

bool Subscriber::receive() noexcept {
  count_ = 0;
  bool more = true;
  for (bool first = true; more; first = false) {
    Part& part = count_ < parts_.size() ? parts_[count_] : surplus_;
    // A multipart message arrives whole: only its first part can be missing.
    if (zmq_msg_recv(&part.message, socket_.get(), first ? ZMQ_DONTWAIT : 0) < 0) return false;
    if (count_ < parts_.size()) {
      const auto* data = static_cast<const std::uint8_t*>(zmq_msg_data(&part.message));
      frames_[count_++] = {data, zmq_msg_size(&part.message)};
    }
    more = zmq_msg_more(&part.message) != 0;
  }
  return true;
}

}  // namespace vturn::plugins
