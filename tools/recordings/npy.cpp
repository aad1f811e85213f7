#include "tools/recordings/npy.hpp"

#include <charconv>
#include <limits>
#include <optional>
#include <string_view>

namespace vturn::recordings {
namespace {

constexpr std::string_view kMagic{"\x93NUMPY", 6};
constexpr std::size_t kLongestHeader = 65536;
/// A row is a number or a waveform of a few channels.
constexpr std::uint64_t kLongestRow = std::uint64_t{1} << 20;
constexpr std::size_t kMostAxes = 8;

/// The text after `key` and its colon, spaces skipped.
std::optional<std::string_view> value_of(std::string_view header, std::string_view key) {
  const std::size_t at = header.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = header.substr(at + key.size());
  const std::size_t begin = rest.find_first_not_of(" :");
  return begin == std::string_view::npos ? std::nullopt : std::optional(rest.substr(begin));
}

}  // namespace

NpyFile::NpyFile(std::unique_ptr<ByteSource> file, bool allow_truncated) : file_(std::move(file)) {
  FieldReader fields(*file_, "header");
  const auto magic = fields.take(kMagic.size());
  if (std::string_view(reinterpret_cast<const char*>(magic.data()), magic.size()) != kMagic) {
    throw fields.error("no NumPy file: it does not begin with \\x93NUMPY");
  }
  const auto version = fields.number<std::uint8_t>();
  if (version < 1 || version > 3) throw fields.error("NumPy format version " + std::to_string(version) + " is unknown");
  fields.number<std::uint8_t>();
  const std::size_t length = version == 1 ? fields.number<std::uint16_t>() : fields.number<std::uint32_t>();
  if (length > kLongestHeader) throw fields.error("a header of " + std::to_string(length) + " bytes: damaged");
  const std::uint64_t text_begin = fields.offset();
  const auto text = fields.take(length);
  parse_header(std::string(text.begin(), text.end()), text_begin);
  begin_ = fields.offset();

  const std::uint64_t whole = (file_->size() - begin_) / row_bytes_;
  const auto promised = static_cast<std::uint64_t>(rows_);
  closed_ = whole == promised && (file_->size() - begin_) % row_bytes_ == 0;
  if (!closed_ && !allow_truncated) {
    const bool longer = whole >= promised;
    throw file_->error_at(longer ? begin_ + promised * row_bytes_ : file_->size(),
                          "the header promises " + std::to_string(promised) + " rows of " + std::to_string(row_bytes_) +
                              " bytes, the file has " + std::to_string(whole) +
                              (longer ? " or more: it was not closed, or is damaged" : ": it is cut off or damaged") +
                              " (--allow-truncated reads what is whole)");
  }
  if (!closed_) rows_ = static_cast<std::int64_t>(whole);
}

void NpyFile::parse_header(const std::string& text, std::uint64_t offset) {
  const auto fail = [&](const std::string& what) { return file_->error_at(offset, "the header " + what); };
  const auto type = value_of(text, "'descr'");
  if (!type || type->size() < 4 || type->front() != '\'') {
    throw fail("has no plain 'descr': only arrays of numbers are read");
  }
  const std::size_t quote = type->find('\'', 1);
  if (quote == std::string_view::npos) throw fail("has a 'descr' that does not end");
  parse_type(std::string(type->substr(1, quote - 1)));
  const auto fortran = value_of(text, "'fortran_order'");
  if (!fortran || !fortran->starts_with("False")) throw fail("does not say 'fortran_order': False");
  const auto shape = value_of(text, "'shape'");
  if (!shape || shape->front() != '(') throw fail("has no 'shape'");

  std::vector<std::uint64_t> axes;
  const char* at = shape->data() + 1;
  const char* const end = shape->data() + shape->size();
  while (at != end && *at != ')') {
    if (*at == ' ' || *at == ',') {
      ++at;
      continue;
    }
    std::uint64_t axis = 0;
    const auto [next, failure] = std::from_chars(at, end, axis);
    if (failure != std::errc{} || axes.size() == kMostAxes) throw fail("has a 'shape' that is none");
    axes.push_back(axis);
    at = next;
  }
  if (at == end || axes.empty()) throw fail("has a 'shape' that is none");
  if (axes[0] > std::uint64_t{std::numeric_limits<std::int64_t>::max()} / kLongestRow) {
    throw fail("has a 'shape' that no file can have");
  }
  rows_ = static_cast<std::int64_t>(axes[0]);
  row_shape_.assign(axes.begin() + 1, axes.end());
  for (const std::uint64_t axis : row_shape_) {
    if (axis == 0 || axis > kLongestRow / row_numbers_) throw fail("has rows of no size or beyond a megabyte");
    row_numbers_ *= axis;
  }
  row_bytes_ = row_numbers_ * number_bytes_;
}

void NpyFile::parse_type(const std::string& text) {
  const bool plain = text.size() == 3;
  const bool ordered = plain && (text[0] == '<' || (text[0] == '|' && text[2] == '1'));
  kind_ = plain ? text[1] : '?';
  number_bytes_ = plain ? static_cast<std::size_t>(text[2] - '0') : 0;
  const bool width = number_bytes_ == 1 || number_bytes_ == 2 || number_bytes_ == 4 || number_bytes_ == 8;
  const bool real = kind_ == 'f' && (number_bytes_ == 4 || number_bytes_ == 8);
  if (!ordered || !width || !(real || kind_ == 'i' || kind_ == 'u')) {
    throw file_->error_at(0, "holds '" + printable(text) + "': only little-endian numbers are read");
  }
}

std::uint64_t NpyFile::offset_of(std::int64_t row) const noexcept {
  return begin_ + static_cast<std::uint64_t>(row) * row_bytes_;
}

std::int64_t NpyFile::integer_at(const std::uint8_t* at) const noexcept {
  const bool negative = kind_ == 'i';
  switch (number_bytes_) {
    case 1:
      return negative ? little<std::int8_t>(at) : std::int64_t{little<std::uint8_t>(at)};
    case 2:
      return negative ? little<std::int16_t>(at) : std::int64_t{little<std::uint16_t>(at)};
    case 4:
      return negative ? little<std::int32_t>(at) : std::int64_t{little<std::uint32_t>(at)};
    default:
      return little<std::int64_t>(at);
  }
}

void NpyFile::require_integers() const {
  if (kind_ == 'f' || row_numbers_ != 1) throw file_->error_at(0, "one whole number a row is needed here");
}

std::vector<std::int64_t> NpyFile::integers() const {
  std::vector<std::int64_t> values;
  values.reserve(static_cast<std::size_t>(rows_));
  each_integer([&](std::int64_t value, std::uint64_t) { values.push_back(value); });
  return values;
}

std::vector<double> NpyFile::row(std::int64_t row) const {
  std::vector<std::uint8_t> bytes(row_bytes_);
  file_->read(offset_of(row), bytes);
  std::vector<double> values(row_numbers_);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint8_t* at = bytes.data() + i * number_bytes_;
    if (kind_ == 'f') {
      values[i] = number_bytes_ == 4 ? static_cast<double>(little<float>(at)) : little<double>(at);
    } else {
      values[i] = static_cast<double>(integer_at(at));
    }
  }
  return values;
}

}  // namespace vturn::recordings
