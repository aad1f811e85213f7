#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/unit/recordings/npy_writer.hpp"

namespace vturn::test {

/// A made-up Open Ephys recording, in the file names and JSON keys of one GUI version. Written from the published
/// layout, independently of the reader.
struct MadeOpenEphys {
  std::string gui = "1.0.1";
  double rate_hz = 30000.0;
  std::size_t channels = 3;
  std::vector<std::int64_t> sample_numbers;
  std::vector<std::int64_t> spike_samples = {105, 130, 131};
  std::vector<int> spike_ids = {0, 2, 1};
  std::size_t electrode_channels = 4;  ///< of the first electrode; a second one has as many
  std::vector<std::int64_t> ttl_samples = {102, 112, 120};
  std::vector<int> ttl_states = {1, 3, -1};

  [[nodiscard]] bool old() const { return gui.starts_with("0.4") || gui.starts_with("0.5"); }
  static std::int16_t stored(std::size_t channel, std::size_t frame) {
    return static_cast<std::int16_t>(37 * frame - 1000 * channel);
  }
};

/// Writes it into `folder`/`name`, which then holds structure.oebin.
void write_open_ephys(const TemporaryFolder& folder, const std::string& name, const MadeOpenEphys& made);

}  // namespace vturn::test
