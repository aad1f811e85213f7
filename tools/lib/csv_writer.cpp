#include <array>
#include <charconv>
#include <cmath>
#include <ostream>

#include "tools/lib/csv.hpp"

namespace vturn::tools {

CsvWriter::CsvWriter(std::ostream& out, std::span<const std::string_view> header) : out_(out), columns_(header.size()) {
  for (const auto name : header) text(name);
  end_row();
}

void CsvWriter::separator() {
  if (written_ == columns_) throw std::logic_error("CsvWriter: more fields than the header has");
  if (written_++ > 0) out_.put(',');
}

CsvWriter& CsvWriter::text(std::string_view value) {
  separator();
  if (value.find_first_of(",\"\r\n") == std::string_view::npos) {
    out_.write(value.data(), static_cast<std::streamsize>(value.size()));
    return *this;
  }
  out_.put('"');
  for (const char c : value) {
    // Our reader, like many, takes one line a row.
    if (c == '\n' || c == '\r') {
      out_.put(' ');
      continue;
    }
    if (c == '"') out_.put('"');
    out_.put(c);
  }
  out_.put('"');
  return *this;
}

CsvWriter& CsvWriter::integer(std::int64_t value) {
  separator();
  std::array<char, 24> digits{};
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out_.write(digits.data(), result.ptr - digits.data());
  return *this;
}

CsvWriter& CsvWriter::real(double value, int decimals) {
  if (!std::isfinite(value)) return empty();
  separator();
  std::array<char, 400> digits{};
  const auto result =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed, decimals);
  out_.write(digits.data(), result.ptr - digits.data());
  return *this;
}

CsvWriter& CsvWriter::empty() {
  separator();
  return *this;
}

void CsvWriter::end_row() {
  if (written_ != columns_) throw std::logic_error("CsvWriter: fewer fields than the header has");
  out_.put('\n');
  written_ = 0;
}

}  // namespace vturn::tools
