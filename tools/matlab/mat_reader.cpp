#include "tools/matlab/mat_reader.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstring>

namespace vturn::tools {
namespace {

constexpr std::size_t kTagBytes = 8;
constexpr std::size_t kSmallBytes = 4;

std::uint32_t word(std::string_view bytes, std::size_t at) noexcept {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return value;
}

template <class Number>
std::vector<double> numbers(std::string_view data) {
  std::vector<double> result(data.size() / sizeof(Number));
  for (std::size_t i = 0; i < result.size(); ++i) {
    Number value{};
    std::memcpy(&value, data.data() + i * sizeof(Number), sizeof(Number));
    result[i] = static_cast<double>(value);
  }
  return result;
}

class Inflater {
 public:
  Inflater() {
    if (inflateInit(&stream_) != Z_OK) throw MatError("cannot be unpacked: out of memory");
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  std::string all(std::string_view packed, std::size_t limit) {
    std::string result;
    std::string piece(64UL << 10, '\0');
    // zlib's interface has no const.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
    int status = Z_OK;
    while (status == Z_OK) {
      stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream_.avail_out = static_cast<uInt>(piece.size());
      status = inflate(&stream_, Z_NO_FLUSH);
      result.append(piece, 0, piece.size() - stream_.avail_out);
      if (result.size() > limit) throw MatError("a variable is too large for a scoring");
    }
    if (status != Z_STREAM_END) throw MatError("a compressed variable is damaged or cut off");
    return result;
  }

 private:
  z_stream stream_{};
};

}  // namespace

MatElement MatReader::next() {
  if (rest_.size() < kTagBytes) throw MatError("the file is cut off");
  const std::uint32_t first = word(rest_, 0);
  if (first >> 16U != 0) {
    const std::size_t bytes = first >> 16U;
    if (bytes > kSmallBytes) throw MatError("a small element is damaged");
    const MatElement element{static_cast<MatType>(first & 0xFFFFU), rest_.substr(4, bytes)};
    rest_.remove_prefix(kTagBytes);
    return element;
  }
  const std::size_t bytes = word(rest_, 4);
  rest_.remove_prefix(kTagBytes);
  if (bytes > rest_.size()) throw MatError("the file is cut off");
  const MatElement element{static_cast<MatType>(first), rest_.substr(0, bytes)};
  const std::size_t padded = element.type == MatType::kCompressed ? bytes : (bytes + 7) / 8 * 8;
  rest_.remove_prefix(std::min(padded, rest_.size()));
  return element;
}

std::string inflate_element(std::string_view packed, std::size_t limit) { return Inflater().all(packed, limit); }

std::vector<double> mat_numbers(const MatElement& element) {
  switch (element.type) {
    case MatType::kInt8:
      return numbers<std::int8_t>(element.data);
    case MatType::kUint8:
      return numbers<std::uint8_t>(element.data);
    case MatType::kInt16:
      return numbers<std::int16_t>(element.data);
    case MatType::kUint16:
      return numbers<std::uint16_t>(element.data);
    case MatType::kInt32:
      return numbers<std::int32_t>(element.data);
    case MatType::kUint32:
      return numbers<std::uint32_t>(element.data);
    case MatType::kInt64:
      return numbers<std::int64_t>(element.data);
    case MatType::kUint64:
      return numbers<std::uint64_t>(element.data);
    case MatType::kSingle:
      return numbers<float>(element.data);
    case MatType::kDouble:
      return numbers<double>(element.data);
    default:
      throw MatError("a matrix holds no numbers");
  }
}

}  // namespace vturn::tools
