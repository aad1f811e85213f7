#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "daemon/publish/control_handler.hpp"
#include "daemon/publish/curve.hpp"

namespace vturn {

struct ControlServerSettings {
  std::string address = "tcp://127.0.0.1:5601";
  bool allow_remote = false;
  CurveKeys curve;
};

/// The control socket (REP) on its own thread, which is no real-time one.
class ControlServer {
 public:
  /// Binds and starts. Throws std::runtime_error, one line. `target` outlives the server.
  ControlServer(const ControlServerSettings& settings, ControlIdentity identity, ControlTarget& target);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  [[nodiscard]] const std::string& endpoint() const noexcept { return endpoint_; }

 private:
  void run();
  void serve_one();

  ControlHandler handler_;
  ServerContext context_;
  zmq::socket_t socket_;
  std::string endpoint_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace vturn
