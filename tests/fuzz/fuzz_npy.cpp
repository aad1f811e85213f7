#include <cstddef>
#include <cstdint>

#include "tools/recordings/npy.hpp"

/// Any bytes are either one RecordingError or rows that lie within them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vturn::recordings;
  try {
    const NpyFile file(std::make_unique<MemorySource>(std::span(data, size), "fuzz.npy"), size % 2 == 0);
    if (file.rows() < 0 || file.offset_of(file.rows()) > size) __builtin_trap();
    if (file.rows() > 0 && file.row(file.rows() - 1).size() != file.row_numbers()) __builtin_trap();
    if (file.integers().size() != static_cast<std::size_t>(file.rows())) __builtin_trap();
  } catch (const RecordingError&) {
  }
  return 0;
}
