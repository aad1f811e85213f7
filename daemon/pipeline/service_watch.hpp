#pragma once

#include "daemon/core/types.hpp"

namespace vturn {

/// Tells systemd, when it runs this process, that the daemon is ready and that the decision thread goes on: without
/// that (WatchdogSec= of the unit) systemd starts it anew, with the sockets that it keeps.
class ServiceWatch {
 public:
  /// Reads WATCHDOG_USEC and WATCHDOG_PID.
  ServiceWatch();
  void ready() noexcept;
  /// Call at least every 100 ms.
  void service(MonoNs decision_ticked_ns, MonoNs now_ns) noexcept;

 private:
  MonoNs every_ns_ = 0;  ///< 0: nobody watches
  MonoNs next_ns_ = 0;
};

}  // namespace vturn
