#include "tools/lib/csv.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <istream>

namespace vturn::tools {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view trimmed(std::string_view value) {
  const auto first = value.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return value.substr(first, value.find_last_not_of(" \t") - first + 1);
}

std::string shortened(std::string_view value) {
  constexpr std::size_t kShown = 40;
  std::string shown;
  for (const char c : value.substr(0, kShown)) shown += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  return value.size() > kShown ? shown + "..." : shown;
}

bool is_missing(std::string_view value) { return value.empty() || value == "nan" || value == "NaN" || value == "NAN"; }

}  // namespace

CsvReader::CsvReader(const std::filesystem::path& file, CsvLimits limits) : name_(file.string()), limits_(limits) {
  std::error_code failure;
  if (std::filesystem::is_directory(file, failure)) throw CsvError(name_ + ": is a folder, a CSV file is needed");
  auto stream = std::make_unique<std::ifstream>(file, std::ios::binary);
  if (!*stream) throw CsvError(name_ + ": cannot be opened; check the path and that it may be read");
  const auto size = std::filesystem::file_size(file, failure);
  bytes_total_ = failure ? 0 : size;
  owned_ = std::move(stream);
  in_ = owned_.get();
  read_header();
}

CsvReader::CsvReader(std::istream& in, std::string name, CsvLimits limits)
    : in_(&in), name_(std::move(name)), limits_(limits) {
  read_header();
}

CsvReader::~CsvReader() = default;
CsvReader::CsvReader(CsvReader&&) noexcept = default;
CsvReader& CsvReader::operator=(CsvReader&&) noexcept = default;

CsvError CsvReader::line_error(const std::string& what) const {
  return CsvError(name_ + ":" + std::to_string(line_) + ":0: " + what);
}

CsvError CsvReader::error_at(std::size_t column, const std::string& what) const {
  const std::string column_name = column < header_.size() ? " (" + shortened(header_[column]) + ")" : "";
  return CsvError(name_ + ":" + std::to_string(line_) + ":" + std::to_string(column + 1) + column_name + ": " + what);
}

void CsvReader::read_header() {
  do {
    if (!read_line()) throw CsvError(name_ + ": is empty; a header line with column names is needed");
  } while (row_.empty());
  split();
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const std::string title{trimmed(text(i))};
    if (title.empty()) throw line_error("column " + std::to_string(i + 1) + " of the header has no name");
    if (find_column(title)) throw line_error("column '" + shortened(title) + "' is in the header twice");
    header_.push_back(title);
  }
}

bool CsvReader::read_line() {
  row_.clear();
  std::streambuf* buffer = in_->rdbuf();
  constexpr int kEnd = std::char_traits<char>::eof();
  int c = buffer->sbumpc();
  if (c == kEnd) return false;
  ++line_;
  for (; c != kEnd && c != '\n'; c = buffer->sbumpc()) {
    ++bytes_read_;
    if (row_.size() == limits_.max_line_bytes) {
      throw line_error("longer than " + std::to_string(limits_.max_line_bytes) + " bytes; is this a CSV file?");
    }
    row_.push_back(static_cast<char>(c));
  }
  ++bytes_read_;
  if (!row_.empty() && row_.back() == '\r') row_.pop_back();
  if (line_ == 1 && row_.starts_with(kByteOrderMark)) row_.erase(0, kByteOrderMark.size());
  return true;
}

/// Unescapes the quoted field that starts at `begin` and returns where the next separator or the end is.
std::size_t CsvReader::quoted_field(std::size_t begin) {
  std::size_t write = begin;
  std::size_t read = begin + 1;
  while (read < row_.size()) {
    if (row_[read] == '"') {
      if (read + 1 == row_.size() || row_[read + 1] != '"') break;
      ++read;
    }
    row_[write++] = row_[read++];
  }
  if (read == row_.size()) throw line_error("a quoted field does not end on its line");
  fields_.push_back({begin, write - begin});
  ++read;
  if (read < row_.size() && row_[read] != ',') throw line_error("text follows a closing quote; a comma is needed");
  return read;
}

void CsvReader::split() {
  fields_.clear();
  std::size_t begin = 0;
  while (true) {
    if (fields_.size() == limits_.max_columns) {
      throw line_error("more than " + std::to_string(limits_.max_columns) + " columns");
    }
    std::size_t end = 0;
    if (begin < row_.size() && row_[begin] == '"') {
      end = quoted_field(begin);
    } else {
      end = std::min(row_.find(',', begin), row_.size());
      fields_.push_back({begin, end - begin});
    }
    if (end >= row_.size()) return;
    begin = end + 1;
  }
}

std::optional<std::size_t> CsvReader::find_column(std::string_view name) const noexcept {
  const auto found = std::find(header_.begin(), header_.end(), name);
  if (found == header_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - header_.begin());
}

std::size_t CsvReader::column(std::initializer_list<std::string_view> alternatives) const {
  for (const auto name : alternatives) {
    if (const auto found = find_column(name)) return *found;
  }
  std::string wanted;
  for (const auto name : alternatives) wanted += (wanted.empty() ? "'" : "' or '") + std::string(name);
  std::string present;
  for (const auto& name : header_) present += (present.empty() ? "" : ", ") + shortened(name);
  throw CsvError(name_ + ":1:0: no column " + wanted + "'; the header has: " + shortened(present));
}

bool CsvReader::next() {
  do {
    if (!read_line()) return false;
  } while (row_.empty());
  split();
  if (fields_.size() != header_.size()) {
    throw line_error(std::to_string(fields_.size()) + " fields, the header has " + std::to_string(header_.size()));
  }
  return true;
}

std::string_view CsvReader::text(std::size_t column) const {
  const Field field = fields_.at(column);
  return std::string_view(row_).substr(field.begin, field.size);
}

std::optional<double> CsvReader::optional_real(std::size_t column) const {
  const auto field = trimmed(text(column));
  return is_missing(field) ? std::nullopt : std::optional<double>(real(column));
}

double CsvReader::real(std::size_t column) const {
  const auto field = trimmed(text(column));
  double value = 0.0;
  const auto result = std::from_chars(field.data(), field.data() + field.size(), value);
  const bool complete = result.ec == std::errc() && result.ptr == field.data() + field.size();
  if (!complete || !std::isfinite(value)) throw error_at(column, "'" + shortened(field) + "' is not a finite number");
  return value;
}

std::int64_t CsvReader::integer(std::size_t column) const {
  const auto field = trimmed(text(column));
  std::int64_t value = 0;
  const auto result = std::from_chars(field.data(), field.data() + field.size(), value);
  const bool complete = result.ec == std::errc() && result.ptr == field.data() + field.size();
  if (!complete) throw error_at(column, "'" + shortened(field) + "' is not a whole number");
  return value;
}

}  // namespace vturn::tools
