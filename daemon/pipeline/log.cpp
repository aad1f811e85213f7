#include "daemon/pipeline/log.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "plugins/api/vturn_plugin.h"

namespace vturn {
namespace {

spdlog::level::level_enum level_of(int level) {
  switch (level) {
    case VTURN_LOG_DEBUG:
      return spdlog::level::debug;
    case VTURN_LOG_WARNING:
      return spdlog::level::warn;
    case VTURN_LOG_ERROR:
      return spdlog::level::err;
    default:
      return spdlog::level::info;
  }
}

}  // namespace

void log_line(int level, const std::string& text) {
  // A terminal that is stopped or gone must not stop whoever has something to say: lines wait, the oldest give way.
  static const auto logger = [] {
    auto made = spdlog::create_async_nb<spdlog::sinks::stderr_color_sink_mt>("vturnd");
    made->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
    return made;
  }();
  logger->log(level_of(level), "{}", text);
}

}  // namespace vturn
