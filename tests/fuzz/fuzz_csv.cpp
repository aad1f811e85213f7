#include <cmath>
#include <cstddef>
#include <cstdint>
#include <istream>
#include <streambuf>
#include <string>

#include "daemon/models/turn_cells.hpp"
#include "tools/lib/csv.hpp"

using namespace vturn::tools;

namespace {

/// The bytes as a stream, without a copy.
class Bytes : public std::streambuf {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) {
    char* begin = const_cast<char*>(reinterpret_cast<const char*>(data));
    setg(begin, begin, begin + size);
  }
};

/// One kind a field: a refusal is an exception, which costs more than all the rest.
void ask(const CsvReader& csv, std::size_t column) {
  switch ((csv.line() + column) % 3) {
    case 0:
      if (!std::isfinite(csv.real(column))) __builtin_trap();
      break;
    case 1:
      if (const auto value = csv.optional_real(column); value && !std::isfinite(*value)) __builtin_trap();
      break;
    default:
      (void)csv.integer(column);
  }
}

void read_turn_cells(const std::string& text) {
  const auto cells = vturn::turn_cells_from_csv(text, "fuzz.csv");
  if (!cells && cells.error().rfind("fuzz.csv:", 0) != 0) __builtin_trap();
}

}  // namespace

/// Any bytes are either rows or one CsvError; every row's every field can be asked for. They may also be turn cells.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0 && data[0] == 'u') read_turn_cells(std::string(reinterpret_cast<const char*>(data), size));
  Bytes bytes(data, size);
  std::istream in(&bytes);
  try {
    CsvReader csv(in, "fuzz.csv", {.max_line_bytes = 256, .max_columns = 8});
    while (csv.next()) {
      for (std::size_t column = 0; column < csv.header().size(); ++column) {
        if (csv.text(column).size() > 256) __builtin_trap();
        try {
          ask(csv, column);
        } catch (const CsvError&) {
        }
      }
    }
    (void)csv.column({"t_s", "unit"});
  } catch (const CsvError&) {
  }
  return 0;
}
