#pragma once

#include <atomic>
#include <string>
#include <thread>

namespace vturn::simulation {

struct GuiDescription {
  std::string stream_name;               ///< "mouse" of stream key "Digital_Mouse-100.mouse"
  std::string plugin = "ZMQ Interface";  ///< through which the GUI is heard
  int source_node = 100;
  int detector_node = 102;
  double rate_hz = 30000.0;
  std::size_t channels = 0;
};

/// The answer to a GET of the GUI's HTTP server: body, or nothing for a path it does not have.
std::string processors_json(const GuiDescription& gui);

/// The two pages of the GUI's HTTP server that a client needs: /api/status and /api/processors. One thread, one request
/// at a time, loopback only unless another address is asked for.
class GuiHttp {
 public:
  /// `host_port` such as 127.0.0.1:37497; port 0 picks a free one. Throws when it cannot listen.
  GuiHttp(const std::string& host_port, GuiDescription gui);
  ~GuiHttp();
  GuiHttp(const GuiHttp&) = delete;
  GuiHttp& operator=(const GuiHttp&) = delete;
  [[nodiscard]] int port() const noexcept { return port_; }

 private:
  void serve();
  void answer(int client) const;

  GuiDescription gui_;
  int fd_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace vturn::simulation
