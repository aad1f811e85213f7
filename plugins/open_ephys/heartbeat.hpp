#pragma once

#include <cstdint>
#include <string>

#include "daemon/core/types.hpp"
#include "plugins/open_ephys/subscriber.hpp"

namespace vturn::plugins {

/// Shows vturn in the list of clients of the ZMQ Interface's editor. Never needed for data, and it kills a GUI that
/// runs headless (1.0.1): only on request. Never blocks.
class Heartbeat {
 public:
  /// Throws std::runtime_error with one line.
  Heartbeat(void* context, const std::string& address, const std::string& name);
  /// Sends when two seconds have passed since the last.
  void service(MonoNs now_ns) noexcept;

 private:
  ZmqSocket socket_;
  std::string request_;
  MonoNs next_ns_ = 0;
};

}  // namespace vturn::plugins
