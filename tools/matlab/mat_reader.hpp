#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace vturn::tools {

/// One line: what is wrong with the bytes.
struct MatError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Data types of elements that are looked at; the numbers are the format's.
enum class MatType : std::uint32_t {
  kInt8 = 1,
  kUint8 = 2,
  kInt16 = 3,
  kUint16 = 4,
  kInt32 = 5,
  kUint32 = 6,
  kSingle = 7,
  kDouble = 9,
  kInt64 = 12,
  kUint64 = 13,
  kMatrix = 14,
  kCompressed = 15
};

struct MatElement {
  MatType type{};
  std::string_view data;
};

/// Elements one after another in some bytes (MAT format, level 5). Reads nothing outside of them.
class MatReader {
 public:
  explicit MatReader(std::string_view bytes) noexcept : rest_(bytes) {}
  [[nodiscard]] bool done() const noexcept { return rest_.empty(); }
  /// Throws MatError when an element does not fit in what is left.
  MatElement next();

 private:
  std::string_view rest_;
};

/// The bytes of a compressed element, checked by their sum; at most `limit`. Throws MatError.
std::string inflate_element(std::string_view packed, std::size_t limit);

/// Numbers of an element, whatever type they were stored in. Throws MatError when it holds none.
std::vector<double> mat_numbers(const MatElement& element);

}  // namespace vturn::tools
