// The rig file: any bytes give settings or one line of error, never a crash.
#include <cstddef>
#include <cstdint>
#include <string>

#include "daemon/settings/settings.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto rig = vturn::settings::parse_rig(text, "rig.toml");
  if (rig) {
    (void)rig->signals();
    (void)rig->resolve(rig->sleep.model);
    if (rig->master() >= rig->sources.size()) __builtin_trap();
  } else if (rig.error().empty() || rig.error().find("rig.toml") != 0) {
    __builtin_trap();  // an error without its place helps nobody
  }
  return 0;
}
