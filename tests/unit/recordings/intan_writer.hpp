#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/recordings/bytes.hpp"

namespace vturn::test {

/// Signals of a made-up Intan recording, and the stored number of each at each sample. Written from the published
/// layouts, independently of the reader.
struct MadeIntan {
  bool stim = false;
  int major = 3, minor = 4;
  double rate_hz = 30000.0;
  int board_mode = 13;
  int temperature_sensors = 0;
  bool dc_saved = false;
  std::string note = "a note";
  std::size_t amplifiers = 3, auxiliaries = 2, supplies = 1, analog_ins = 1, analog_outs = 0;
  bool digital_in = true, digital_out = false;
  std::size_t digital_lines = 16;  ///< in the header
  std::int64_t blocks = 3;
  std::function<std::int64_t(std::int64_t)> timestamp = [](std::int64_t frame) { return frame; };

  [[nodiscard]] std::int64_t samples_per_block() const { return !stim && major == 1 ? 60 : 128; }
  [[nodiscard]] std::int64_t frames() const { return blocks * samples_per_block(); }
  /// Pseudo-random, different for every signal, channel and sample.
  static std::uint16_t stored(int signal, std::size_t channel, std::int64_t index) {
    auto x = static_cast<std::uint64_t>(index) * 0x9E3779B97F4A7C15ULL + static_cast<std::uint64_t>(signal) * 7919 +
             channel * 104729 + 1;
    x = (x ^ (x >> 29)) * 0xBF58476D1CE4E5B9ULL;
    return static_cast<std::uint16_t>(x >> 40);
  }
  std::function<std::uint16_t(int, std::size_t, std::int64_t)> signal = stored;
};

// Signal numbers for MadeIntan::stored.
inline constexpr int kMadeAmplifier = 0, kMadeAuxiliary = 1, kMadeSupply = 2, kMadeTemperature = 3, kMadeAnalogIn = 4,
                     kMadeAnalogOut = 5, kMadeDigitalIn = 6, kMadeDigitalOut = 7, kMadeDc = 8, kMadeStim = 9,
                     kMadeLow = 10, kMadeHigh = 11;

Bytes intan_header(const MadeIntan& made);
Bytes intan_block(const MadeIntan& made, std::int64_t block);
Bytes intan_file(const MadeIntan& made);

struct MadeSpike {
  std::string channel;
  std::int32_t sample;
  std::uint8_t id = 1;
};
/// spike.dat, or with `single` spike-X.dat.
Bytes spike_file(const std::vector<std::string>& channels, const std::vector<MadeSpike>& spikes, bool single,
                 std::uint32_t before = 3, std::uint32_t after = 5);

/// RHX's folder of one file per signal type (with the low band decimated by `low_divider`) or per channel.
void write_per_type(const TemporaryFolder& folder, const MadeIntan& made, int low_divider);
void write_per_channel(const TemporaryFolder& folder, const MadeIntan& made);

}  // namespace vturn::test
