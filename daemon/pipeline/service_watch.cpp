#include "daemon/pipeline/service_watch.hpp"

#include <charconv>
#include <cstdlib>
#include <string_view>

#include "daemon/rt/service_manager.hpp"

namespace vturn {
namespace {

constexpr MonoNs kStalledNs = kNsPerS;

}  // namespace

ServiceWatch::ServiceWatch() {
  const char* text = std::getenv("WATCHDOG_USEC");
  const std::string_view digits = text == nullptr ? "" : text;
  std::int64_t within_us = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), within_us);
  every_ns_ = within_us * 1000 / 3;
}

void ServiceWatch::ready() noexcept { rt::tell_service_manager("READY=1"); }

void ServiceWatch::service(MonoNs decision_ticked_ns, MonoNs now_ns) noexcept {
  if (every_ns_ == 0 || now_ns < next_ns_ || now_ns - decision_ticked_ns > kStalledNs) return;
  next_ns_ = now_ns + every_ns_;
  rt::tell_service_manager("WATCHDOG=1");
}

}  // namespace vturn
