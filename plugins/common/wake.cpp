#include "plugins/common/wake.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace vturn::plugins {

StopSignal::StopSignal() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

StopSignal::~StopSignal() { close(fd_); }

void StopSignal::request() noexcept {
  requested_.store(true, std::memory_order_release);
  // Fails only when the counter is full, which wakes just as well.
  [[maybe_unused]] const int written = eventfd_write(fd_, 1);
}

}  // namespace vturn::plugins
