#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tools/recordings/oebin.hpp"
#include "tools/recordings/sync_messages.hpp"

/// Any text is either one RecordingError or a structure whose streams have rates and folders of their own.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vturn::recordings;
  static const std::string name = "fuzz.oebin";
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)parse_sync_messages(text);
  try {
    const Oebin oebin = parse_oebin(text, name);
    for (const auto& stream : oebin.continuous) {
      if (!(stream.rate_hz > 0.0)) __builtin_trap();
      if (stream.folder.empty() || stream.folder.front() == '/') __builtin_trap();
    }
    for (const auto& spikes : oebin.spikes) {
      if (spikes.electrodes.empty()) __builtin_trap();
    }
  } catch (const RecordingError&) {
  }
  return 0;
}
