#pragma once

#include <zmq.h>

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace vturn::simulation {

class ZmqContext {
 public:
  ZmqContext() : context_(zmq_ctx_new()) {}
  ~ZmqContext() { zmq_ctx_term(context_); }
  ZmqContext(const ZmqContext&) = delete;
  ZmqContext& operator=(const ZmqContext&) = delete;
  [[nodiscard]] void* get() const noexcept { return context_; }

 private:
  void* context_;
};

/// A socket that closes itself. Set-up failures throw with the address and ZeroMQ's reason.
class ZmqSocket {
 public:
  ZmqSocket(ZmqContext& context, int type) : socket_(zmq_socket(context.get(), type)) {
    check(socket_ != nullptr, "socket");
  }
  ~ZmqSocket() { zmq_close(socket_); }
  ZmqSocket(const ZmqSocket&) = delete;
  ZmqSocket& operator=(const ZmqSocket&) = delete;

  void set(int option, int value) { check(zmq_setsockopt(socket_, option, &value, sizeof value) == 0, "option"); }
  void subscribe(std::string_view prefix) {
    check(zmq_setsockopt(socket_, ZMQ_SUBSCRIBE, prefix.data(), prefix.size()) == 0, "subscribe");
  }
  void bind(const std::string& address) {
    check(zmq_bind(socket_, address.c_str()) == 0, "cannot listen on " + address + " (is another program there?)");
  }
  void connect(const std::string& address) {
    check(zmq_connect(socket_, address.c_str()) == 0, "cannot connect to " + address);
  }
  /// The address it is bound to, with the port that a wildcard got.
  [[nodiscard]] std::string endpoint() const {
    std::string text(256, '\0');
    std::size_t size = text.size();
    check(zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, text.data(), &size) == 0, "endpoint");
    text.resize(size - 1);
    return text;
  }
  [[nodiscard]] void* get() const noexcept { return socket_; }

 private:
  static void check(bool ok, const std::string& what) {
    if (!ok) throw std::runtime_error("ZeroMQ: " + what + ": " + zmq_strerror(zmq_errno()));
  }
  void* socket_;
};

}  // namespace vturn::simulation
