#include "tools/recordings/npy.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/recordings/npy_writer.hpp"
#include "tests/unit/recordings/owned_source.hpp"

using namespace vturn::recordings;
using namespace vturn::test;
using Catch::Matchers::Contains;

namespace {

NpyFile open_bytes(const Bytes& bytes, bool allow_truncated = false) {
  return NpyFile(std::make_unique<OwnedSource>(bytes, "made.npy"), allow_truncated);
}

Bytes with_header(const std::string& header) {
  ByteWriter out;
  out.text("\x93NUMPY").number(std::uint8_t{1}).number(std::uint8_t{0}).u16(static_cast<unsigned>(header.size()));
  return out.text(header).bytes();
}

}  // namespace

TEST_CASE("numbers of a .npy, of any integer type and format version") {
  CHECK(open_bytes(npy<std::int64_t>("<i8", {1, -2, 1LL << 40}, "(3,)")).integers() ==
        std::vector<std::int64_t>{1, -2, 1LL << 40});
  CHECK(open_bytes(npy<std::int16_t>("<i2", {1, -2}, "(2,)", 2)).integers() == std::vector<std::int64_t>{1, -2});
  CHECK(open_bytes(npy<std::uint16_t>("<u2", {65535}, "(1,)", 3)).integers() == std::vector<std::int64_t>{65535});
  CHECK(open_bytes(npy<std::uint8_t>("|u1", {255, 0}, "(2,)")).integers() == std::vector<std::int64_t>{255, 0});
  CHECK(open_bytes(npy<std::int64_t>("<i8", {}, "(0,)")).integers().empty());
}

TEST_CASE("rows of a .npy of more axes") {
  const auto file = open_bytes(npy<std::int16_t>("<i2", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, "(2, 3, 2)"));
  CHECK(file.rows() == 2);
  CHECK(file.row_shape() == std::vector<std::uint64_t>{3, 2});
  CHECK(file.row(1) == std::vector<double>{7, 8, 9, 10, 11, 12});
  CHECK_THROWS_WITH(file.integers(), Contains("one whole number"));
  CHECK(open_bytes(npy<double>("<f8", {0.5, -2.5}, "(2,)")).row(1) == std::vector<double>{-2.5});
}

TEST_CASE("a .npy cut off at any byte") {
  const Bytes whole = npy<std::int64_t>("<i8", {1, 2, 3}, "(3,)");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    INFO(size);
    CHECK_THROWS_WITH(open_bytes(cut), Contains("made.npy: byte "));
    if (size + 24 >= whole.size()) {
      CHECK(open_bytes(cut, true).integers().size() == (size + 24 - whole.size()) / 8);
    } else {
      CHECK_THROWS_AS(open_bytes(cut, true), RecordingError);
    }
  }
}

TEST_CASE("a .npy that was never closed: more rows than its header says") {
  const Bytes bytes = npy<std::int64_t>("<i8", {1, 2, 3}, "(1,)");
  CHECK_THROWS_WITH(open_bytes(bytes), Contains("byte 136") && Contains("not closed"));
  const auto file = open_bytes(bytes, true);
  CHECK_FALSE(file.closed());
  CHECK(file.integers() == std::vector<std::int64_t>{1, 2, 3});
}

TEST_CASE("a .npy of something else is refused") {
  CHECK_THROWS_WITH(
      open_bytes(with_header("{'descr': [('Color', '|S16', (1,))], 'fortran_order': False, 'shape': (3,), }")),
      Contains("plain 'descr'"));
  CHECK_THROWS_WITH(open_bytes(with_header("{'descr': '|S513', 'fortran_order': False, 'shape': (3,), }")),
                    Contains("|S513"));
  CHECK_THROWS_WITH(open_bytes(with_header("{'descr': '>i8', 'fortran_order': False, 'shape': (3,), }")),
                    Contains("little-endian"));
  CHECK_THROWS_WITH(open_bytes(with_header("{'descr': '<i8', 'fortran_order': True, 'shape': (3, 2), }")),
                    Contains("fortran_order"));
  CHECK_THROWS_WITH(open_bytes(with_header("{'descr': '<i8', 'fortran_order': False, 'shape': (), }")),
                    Contains("shape"));
  CHECK_THROWS_WITH(
      open_bytes(with_header("{'descr': '<i8', 'fortran_order': False, 'shape': (9223372036854775807, 4), }")),
      Contains("shape"));
  CHECK_THROWS_WITH(
      open_bytes(with_header("{'descr': '<i8', 'fortran_order': False, 'shape': (1, 4294967296, 4294967296), }")),
      Contains("rows"));
  CHECK_THROWS_WITH(open_bytes(Bytes(64, 'x')), Contains("no NumPy file"));
}

TEST_CASE("what a damaged file says is shown on one line of plain letters") {
  CHECK(printable("a\nb\xE9"
                  "c") == "a?b?c");
  CHECK_THROWS_WITH(open_bytes(with_header("{'descr': '<\xE9\n', 'fortran_order': False, 'shape': (3,), }")),
                    Contains("'<?") && Contains("?'"));
}
