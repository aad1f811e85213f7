#include "daemon/pipeline/service_watch.hpp"

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>

#include "daemon/rt/service_manager.hpp"

namespace vturn {
namespace {

constexpr MonoNs kStalledNs = kNsPerS;
constexpr std::int64_t kLongestUs = 86'400'000'000;  // a day

std::string_view variable(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? "" : text;
}

}  // namespace

ServiceWatch::ServiceWatch() {
  // Another process of the service may be the one that is watched.
  const std::string_view pid = variable("WATCHDOG_PID");
  if (!pid.empty() && pid != std::to_string(getpid())) return;
  const std::string_view digits = variable("WATCHDOG_USEC");
  std::int64_t within_us = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), within_us);
  if (within_us > 0 && within_us <= kLongestUs) every_ns_ = within_us * 1000 / 3;
}

void ServiceWatch::ready() noexcept { rt::tell_service_manager("READY=1"); }

void ServiceWatch::service(MonoNs decision_ticked_ns, MonoNs now_ns) noexcept {
  if (every_ns_ == 0 || now_ns < next_ns_ || now_ns - decision_ticked_ns > kStalledNs) return;
  next_ns_ = now_ns + every_ns_;
  rt::tell_service_manager("WATCHDOG=1");
}

}  // namespace vturn
