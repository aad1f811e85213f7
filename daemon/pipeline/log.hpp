#pragma once

#include <string>

namespace vturn {

/// The daemon's log: lines on stderr with wall time. Any thread but the decision thread; level as VTURN_LOG_*.
void log_line(int level, const std::string& text);

}  // namespace vturn
