#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace vturn::tools {

/// Bad CSV: one line, "file:line:column: what, what to do" (line and column counted from 1; column 0 is the whole
/// line).
struct CsvError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Bounds on what a file may make us hold: one line at a time is kept in memory.
struct CsvLimits {
  std::size_t max_line_bytes = 64 * 1024;
  std::size_t max_columns = 1024;
};

/// Streaming reader of comma-separated values with a header line. Quoted fields ("a,b", "say ""yes""") may not span
/// lines; LF and CRLF, a byte-order mark and empty lines are accepted. Every failure throws CsvError.
class CsvReader {
 public:
  explicit CsvReader(const std::filesystem::path& file, CsvLimits limits = {});
  /// Reads from a stream that outlives the reader; `name` is what errors call it.
  CsvReader(std::istream& in, std::string name, CsvLimits limits = {});
  ~CsvReader();
  CsvReader(CsvReader&&) noexcept;
  CsvReader& operator=(CsvReader&&) noexcept;

  [[nodiscard]] const std::vector<std::string>& header() const noexcept { return header_; }
  [[nodiscard]] std::optional<std::size_t> find_column(std::string_view name) const noexcept;
  /// Index of a column that must be there; `alternatives` are accepted spellings, first one wins.
  [[nodiscard]] std::size_t column(std::initializer_list<std::string_view> alternatives) const;
  [[nodiscard]] std::size_t column(std::string_view name) const { return column({name}); }

  /// Goes to the next row; false at the end. A row with fewer or more fields than the header is an error.
  bool next();
  /// Fields of the current row; valid until next().
  [[nodiscard]] std::string_view text(std::size_t column) const;
  /// A finite number.
  [[nodiscard]] double real(std::size_t column) const;
  /// A number, or nothing where the field is empty or nan.
  [[nodiscard]] std::optional<double> optional_real(std::size_t column) const;
  [[nodiscard]] std::int64_t integer(std::size_t column) const;
  /// An error about a field of the current row, for checks that only the caller can make.
  [[nodiscard]] CsvError error_at(std::size_t column, const std::string& what) const;

  [[nodiscard]] std::uint64_t line() const noexcept { return line_; }
  [[nodiscard]] std::uint64_t bytes_read() const noexcept { return bytes_read_; }
  /// Size of the file, 0 when it was opened from a stream.
  [[nodiscard]] std::uint64_t bytes_total() const noexcept { return bytes_total_; }

 private:
  bool read_line();
  void split();
  std::size_t quoted_field(std::size_t begin);
  void read_header();
  [[nodiscard]] CsvError line_error(const std::string& what) const;

  std::unique_ptr<std::istream> owned_;
  std::istream* in_ = nullptr;
  std::string name_;
  CsvLimits limits_;
  std::vector<std::string> header_;
  std::string row_;  ///< the current line; quoted fields are unescaped in place
  struct Field {
    std::size_t begin, size;
  };
  std::vector<Field> fields_;
  std::uint64_t line_ = 0;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t bytes_total_ = 0;
};

/// Writer whose rows must have as many fields as the header (a bug throws std::logic_error). Numbers do not depend on
/// the locale.
class CsvWriter {
 public:
  CsvWriter(std::ostream& out, std::span<const std::string_view> header);
  CsvWriter(std::ostream& out, std::initializer_list<std::string_view> header)
      : CsvWriter(out, std::span(header.begin(), header.size())) {}

  CsvWriter& text(std::string_view value);
  CsvWriter& integer(std::int64_t value);
  /// Fixed decimals; NaN and infinities are written as an empty field.
  CsvWriter& real(double value, int decimals);
  CsvWriter& empty();
  void end_row();

 private:
  void separator();

  std::ostream& out_;
  std::size_t columns_;
  std::size_t written_ = 0;
};

}  // namespace vturn::tools
