#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/helpers/shared_data.hpp"
#include "tools/lib/zst_file.hpp"

namespace vturn::test {

/// (sample, unit) of every spike of the synthetic recording that the GUI played for the captures: a version 1 .npy
/// file, C order, little-endian int64. Nothing where the shared data are absent.
inline std::optional<std::vector<std::pair<std::int64_t, std::int64_t>>> synthetic_spikes() {
  const auto file = shared_data("open-ephys/truth_spikes.npy");
  if (!file) return std::nullopt;
  const auto bytes = *tools::read_file_or_zst(*file);
  const auto header = static_cast<std::size_t>(bytes[8] | bytes[9] << 8);
  const std::string description(bytes.begin() + 10, bytes.begin() + 10 + static_cast<std::ptrdiff_t>(header));
  REQUIRE_THAT(description, Catch::Contains("'<i8'") && Catch::Contains("'fortran_order': False"));
  std::vector<std::pair<std::int64_t, std::int64_t>> spikes;
  for (std::size_t at = 10 + header; at + 16 <= bytes.size(); at += 16) {
    std::int64_t row[2];
    std::memcpy(row, bytes.data() + at, sizeof(row));
    spikes.emplace_back(row[0], row[1]);
  }
  return spikes;
}

}  // namespace vturn::test
