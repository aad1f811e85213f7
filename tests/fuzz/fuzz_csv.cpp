#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>

#include "tools/lib/csv.hpp"

/// Any bytes are either rows or one CsvError; every row's every field can be asked for in every way.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vturn::tools;
  std::istringstream in(std::string(reinterpret_cast<const char*>(data), size));
  try {
    CsvReader csv(in, "fuzz.csv", {.max_line_bytes = 256, .max_columns = 8});
    while (csv.next()) {
      for (std::size_t column = 0; column < csv.header().size(); ++column) {
        if (csv.text(column).size() > 256) __builtin_trap();
        try {
          if (csv.real(column) != csv.real(column)) __builtin_trap();
        } catch (const CsvError&) {
        }
        try {
          (void)csv.integer(column);
          (void)csv.optional_real(column);
        } catch (const CsvError&) {
        }
      }
    }
    (void)csv.column({"t_s", "unit"});
  } catch (const CsvError&) {
  }
  return 0;
}
