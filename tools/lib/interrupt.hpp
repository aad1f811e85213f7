#pragma once

#include <stdexcept>

namespace vturn::tools {

/// Exit code of a command that the user stopped (128 + SIGINT, as shells have it).
inline constexpr int kInterruptedExitCode = 130;

struct Interrupted : std::runtime_error {
  Interrupted() : std::runtime_error("stopped by the user; nothing was written over") {}
};

/// While one lives, SIGINT and SIGTERM set a flag instead of killing the process, so that files stay whole. A second
/// signal kills as usual. The former handlers come back at its end.
class InterruptScope {
 public:
  InterruptScope();
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;
};

[[nodiscard]] bool interrupted() noexcept;
void throw_if_interrupted();

}  // namespace vturn::tools
