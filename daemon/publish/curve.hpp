#pragma once

#include <string>
#include <thread>
#include <vector>
#include <zmq.hpp>

#include "daemon/core/expected.hpp"

namespace vturn {

/// ZeroMQ CURVE keys of a server socket, Z85 text of 40 characters each.
struct CurveKeys {
  std::string secret;                ///< empty: no encryption
  std::vector<std::string> allowed;  ///< public keys of the clients let in; nobody else is
};

/// Reads a key file: a line `secret KEY`, and a line `allow KEY` for each client; `#` begins a comment.
Expected<CurveKeys> load_curve_keys(const std::string& path);

/// "" when a socket may be bound there, else one line on what to change. Loopback (tcp://127.x.x.x) and ipc:// always
/// may; any other address needs allow_remote and keys with at least one allowed client.
std::string endpoint_problem(const std::string& address, bool allow_remote, const CurveKeys& keys);

/// A ZeroMQ context, with the thread that lets in the allowed clients when there are keys. Sockets of it must be
/// closed before it is destroyed.
class ServerContext {
 public:
  /// `io_priority`: SCHED_FIFO priority of the I/O thread, 0 or not permitted = as it is.
  ServerContext(const CurveKeys& keys, int io_priority);
  ~ServerContext();
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  [[nodiscard]] zmq::context_t& get() noexcept { return context_; }
  /// Options of a server socket with these keys; nothing without keys.
  void secure(zmq::socket_t& socket) const;

 private:
  void let_in(zmq::socket_t authenticator);

  CurveKeys keys_;
  zmq::context_t context_;
  std::thread gatekeeper_;
};

}  // namespace vturn
