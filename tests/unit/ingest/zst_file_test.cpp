// Files that may be compressed: against data packed by the zstd library's one-shot call.
#include "tools/lib/zst_file.hpp"

#include <unistd.h>
#include <zstd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

using vturn::tools::read_file_or_zst;

namespace {

std::filesystem::path write(const std::vector<std::uint8_t>& bytes) {
  const auto path = std::filesystem::temp_directory_path() / ("vturn_zst_test_" + std::to_string(::getpid()));
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return path;
}

/// Runs that compress well followed by noise that does not, longer than the library's own pieces.
std::vector<std::uint8_t> content() {
  std::vector<std::uint8_t> bytes(700'000, 7);
  std::uint32_t state = 1;
  for (int i = 0; i < 300'000; ++i) {
    state = state * 1664525U + 1013904223U;
    bytes.push_back(static_cast<std::uint8_t>(state >> 24));
  }
  return bytes;
}

std::vector<std::uint8_t> packed(const std::vector<std::uint8_t>& bytes) {
  std::vector<std::uint8_t> out(ZSTD_compressBound(bytes.size()));
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 3));
  return out;
}

}  // namespace

TEST_CASE("Plain and compressed files give the same bytes") {
  const auto bytes = content();
  CHECK(*read_file_or_zst(write(bytes)) == bytes);
  CHECK(*read_file_or_zst(write(packed(bytes))) == bytes);
}

TEST_CASE("An empty and a three-byte file are plain") {
  CHECK(read_file_or_zst(write({}))->empty());
  CHECK(read_file_or_zst(write({1, 2, 3}))->size() == 3);
}

TEST_CASE("Two compressed frames in a row are one content") {
  const auto bytes = content();
  auto twice = packed(bytes);
  const auto once = twice;
  twice.insert(twice.end(), once.begin(), once.end());
  CHECK(read_file_or_zst(write(twice))->size() == 2 * bytes.size());
}

TEST_CASE("Damaged, cut-off, oversized and absent files are errors that name the file") {
  auto compressed = packed(content());
  SECTION("cut off") {
    compressed.resize(compressed.size() / 2);
    CHECK_THAT(read_file_or_zst(write(compressed)).error(), Catch::Contains("ends too early"));
  }
  SECTION("damaged") {
    for (std::size_t i = 4; i < 40; ++i) compressed[i] = 0xFF;
    CHECK_THAT(read_file_or_zst(write(compressed)).error(), Catch::Contains("damaged"));
  }
  SECTION("more than allowed, plain and compressed") {
    CHECK_THAT(read_file_or_zst(write(compressed), 999'999).error(), Catch::Contains("more than 999999 bytes"));
    CHECK_THAT(read_file_or_zst(write(content()), 999'999).error(), Catch::Contains("more than 999999 bytes"));
    CHECK(read_file_or_zst(write(compressed), 1'000'000)->size() == 1'000'000);
  }
  SECTION("absent") { CHECK_THAT(read_file_or_zst("/nonexistent/file").error(), Catch::Contains("/nonexistent/file")); }
}
