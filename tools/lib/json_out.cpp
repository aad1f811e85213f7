#include "tools/lib/json_out.hpp"

#include <cmath>
#include <cstdio>
#include <stdexcept>

namespace vturn::tools {

Json json_number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

void print_json(const Json& result) {
  const std::string text = result.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
    throw std::runtime_error("stdout: the result cannot be written");
  }
}

}  // namespace vturn::tools
