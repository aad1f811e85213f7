#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tools/recordings/byte_source.hpp"

namespace vturn::recordings {

/// A NumPy .npy file of plain little-endian numbers (versions 1 to 3 of the format), rows along its first axis.
class NpyFile {
 public:
  /// Reads the header. Throws RecordingError, also when the file holds more or fewer rows than its header says (Open
  /// Ephys writes the true number when it closes the file) unless `allow_truncated`, which takes the rows that are
  /// whole.
  NpyFile(std::unique_ptr<ByteSource> file, bool allow_truncated);

  [[nodiscard]] const ByteSource& source() const noexcept { return *file_; }
  [[nodiscard]] std::int64_t rows() const noexcept { return rows_; }
  /// Lengths of the further axes.
  [[nodiscard]] const std::vector<std::uint64_t>& row_shape() const noexcept { return row_shape_; }
  [[nodiscard]] std::uint64_t row_numbers() const noexcept { return row_numbers_; }
  /// 'i', 'u' or 'f', and bytes of a number.
  [[nodiscard]] char kind() const noexcept { return kind_; }
  [[nodiscard]] std::size_t number_bytes() const noexcept { return number_bytes_; }
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  [[nodiscard]] std::uint64_t offset_of(std::int64_t row) const noexcept;

  /// All numbers of a one-dimensional integer file.
  [[nodiscard]] std::vector<std::int64_t> integers() const;
  /// Calls `take(value, offset)` for each, without holding them.
  template <class Take>
  void each_integer(Take&& take) const;
  /// Numbers of one row.
  [[nodiscard]] std::vector<double> row(std::int64_t row) const;

 private:
  void parse_header(const std::string& text, std::uint64_t offset);
  void parse_type(const std::string& text);
  [[nodiscard]] std::int64_t integer_at(const std::uint8_t* at) const noexcept;
  void require_integers() const;

  std::unique_ptr<ByteSource> file_;
  char kind_ = 'i';
  std::size_t number_bytes_ = 0;
  std::vector<std::uint64_t> row_shape_;
  std::uint64_t row_numbers_ = 1;
  std::uint64_t row_bytes_ = 0;
  std::uint64_t begin_ = 0;
  std::int64_t rows_ = 0;
  bool closed_ = true;
};

template <class Take>
void NpyFile::each_integer(Take&& take) const {
  require_integers();
  Window window(*file_);
  for (std::int64_t i = 0; i < rows_; ++i) {
    const std::uint64_t offset = offset_of(i);
    take(integer_at(window.at(offset, number_bytes_).data()), offset);
  }
}

}  // namespace vturn::recordings
