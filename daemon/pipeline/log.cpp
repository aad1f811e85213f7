#include "daemon/pipeline/log.hpp"

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
  static const auto logger = [] {
    auto made = spdlog::stderr_color_mt("vturnd");
    made->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
    return made;
  }();
  logger->log(level_of(level), "{}", text);
}

}  // namespace vturn
