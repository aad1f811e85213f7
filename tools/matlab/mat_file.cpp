#include "tools/matlab/mat_file.hpp"

#include <fstream>
#include <iterator>

namespace vturn::tools {
namespace {

/// Scorings are small; a larger file is not one.
constexpr std::uintmax_t kMostBytes = 64ULL << 20;
constexpr std::size_t kHeaderBytes = 128;
constexpr std::size_t kVersionAt = 124;
constexpr std::size_t kMostFields = 4096;

enum class MatClass : std::uint8_t { kStruct = 2, kFirstNumeric = 6, kLastNumeric = 15 };
constexpr std::uint32_t kComplexFlag = 0x0800;

std::string read_bytes(const std::filesystem::path& file) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(file, error);
  if (error) throw MatError(file.string() + ": cannot be read: " + error.message());
  if (bytes > kMostBytes) throw MatError(file.string() + ": larger than 64 MB: this is no scoring");
  std::ifstream in(file, std::ios::binary);
  if (!in) throw MatError(file.string() + ": cannot be read");
  return {std::istreambuf_iterator<char>(in), {}};
}

/// What stands before the data of every array.
struct ArrayHead {
  std::uint8_t type = 0;
  bool complex = false;
  std::vector<double> dimensions;
  std::string_view name;
};

ArrayHead read_head(MatReader& reader) {
  ArrayHead head;
  const MatElement flags = reader.next();
  if (flags.type != MatType::kUint32 || flags.data.size() != 8) throw MatError("an array's flags are damaged");
  const auto bits = static_cast<std::uint32_t>(mat_numbers(flags).front());
  head.type = static_cast<std::uint8_t>(bits & 0xFFU);
  head.complex = (bits & kComplexFlag) != 0;
  head.dimensions = mat_numbers(reader.next());
  head.name = reader.next().data;
  return head;
}

std::string_view first_name(std::string_view path) noexcept { return path.substr(0, path.find('.')); }
std::string_view other_names(std::string_view path) noexcept {
  const std::size_t dot = path.find('.');
  return dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
}

MatMatrix read_numbers(const ArrayHead& head, MatReader& reader) {
  const bool numeric = head.type >= static_cast<std::uint8_t>(MatClass::kFirstNumeric) &&
                       head.type <= static_cast<std::uint8_t>(MatClass::kLastNumeric);
  if (!numeric || head.complex || head.dimensions.size() != 2) throw MatError("is no matrix of real numbers");
  for (double size : head.dimensions) {
    if (!(size >= 0.0 && size <= static_cast<double>(kMostBytes))) throw MatError("has impossible dimensions");
  }
  MatMatrix result{static_cast<std::size_t>(head.dimensions[0]), static_cast<std::size_t>(head.dimensions[1]), {}};
  if (result.rows == 0 || result.columns == 0) return result;
  result.values = mat_numbers(reader.next());
  if (result.values.size() / result.rows != result.columns || result.values.size() % result.rows != 0)
    throw MatError("has not as many numbers as its dimensions say");
  return result;
}

/// Index of a field, and how many there are.
struct FieldPlace {
  std::optional<std::size_t> index;
  std::size_t count = 0;
};

FieldPlace find_field(MatReader& reader, std::string_view name) {
  const std::vector<double> width_value = mat_numbers(reader.next());
  const std::string_view names = reader.next().data;
  if (width_value.size() != 1 || !(width_value[0] >= 1.0 && width_value[0] <= 1024.0))
    throw MatError("a struct's field names are damaged");
  const auto width = static_cast<std::size_t>(width_value[0]);
  FieldPlace place{{}, names.size() / width};
  if (place.count > kMostFields) throw MatError("a struct has too many fields");
  for (std::size_t i = 0; i < place.count && !place.index; ++i) {
    std::string_view field = names.substr(i * width, width);
    field = field.substr(0, field.find('\0'));
    if (field == name) place.index = i;
  }
  return place;
}

/// The array's own matrix when `path` is empty, else that of the field it names.
std::optional<MatMatrix> descend(std::string_view array, std::string_view path) {
  while (true) {
    MatReader reader(array);
    const ArrayHead head = read_head(reader);
    if (path.empty()) return read_numbers(head, reader);
    if (head.type != static_cast<std::uint8_t>(MatClass::kStruct)) return std::nullopt;
    for (double size : head.dimensions) {
      if (size != 1.0) return std::nullopt;
    }
    const FieldPlace place = find_field(reader, first_name(path));
    if (!place.index) return std::nullopt;
    for (std::size_t i = 0; i < *place.index; ++i) reader.next();
    const MatElement field = reader.next();
    if (field.type != MatType::kMatrix) throw MatError("a struct's field is damaged");
    array = field.data;
    path = other_names(path);
    // An empty field is stored without anything in it.
    if (array.empty()) return std::nullopt;
  }
}

}  // namespace

MatFile::MatFile(const std::filesystem::path& file) : MatFile(read_bytes(file), file.string()) {}

MatFile::MatFile(std::string bytes, std::string name) : bytes_(std::move(bytes)), name_(std::move(name)) {
  check_header();
}

void MatFile::check_header() const {
  if (bytes_.size() >= kHeaderBytes && bytes_.starts_with("MATLAB 7.3"))
    throw MatError(name_ + ": is a MAT file of version 7.3; save it again in MATLAB with -v7");
  if (bytes_.size() < kHeaderBytes || bytes_.substr(kVersionAt, 4) != std::string("\0\1IM", 4))
    throw MatError(name_ + ": is no MAT file of version 5 to 7 (little-endian)");
}

std::optional<MatMatrix> MatFile::matrix(const std::string& path) const {
  try {
    MatReader file(std::string_view(bytes_).substr(kHeaderBytes));
    while (!file.done()) {
      MatElement element = file.next();
      std::string unpacked;
      if (element.type == MatType::kCompressed) {
        unpacked = inflate_element(element.data, kMostBytes);
        element = MatReader(unpacked).next();
      }
      if (element.type != MatType::kMatrix) continue;
      MatReader array(element.data);
      if (read_head(array).name != first_name(path)) continue;
      return descend(element.data, other_names(path));
    }
    return std::nullopt;
  } catch (const MatError& bad) {
    throw MatError(name_ + ": " + path + ": " + bad.what());
  }
}

}  // namespace vturn::tools
