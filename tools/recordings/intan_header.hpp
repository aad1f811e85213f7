#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/recordings/byte_source.hpp"
#include "tools/recordings/recording.hpp"

namespace vturn::recordings {

struct IntanChannel {
  std::string native_name, custom_name;
  ChannelKind kind = ChannelKind::kAmplifier;
  std::int16_t native_order = 0;  ///< digital: the bit in the word
  bool enabled = false;
};

/// Header of .rhd (format versions 1.0 to 3.x) and .rhs (1.0 to 3.x) files, and of info.rhd, info.rhs. Layouts: Intan's
/// RHD2000 and RHS2000 data file formats.
struct IntanHeader {
  bool stim = false;  ///< RHS
  int major = 0, minor = 0;
  double rate_hz = 0.0;
  double stim_step_a = 0.0;     ///< RHS: amperes a step
  std::int16_t board_mode = 0;  ///< 0 USB2, 1 USB2 with other analogue inputs, 13 USB3, 14 RHS
  std::int16_t temperature_sensors = 0;
  bool dc_saved = false;
  std::array<std::string, 3> notes;
  std::vector<IntanChannel> channels;  ///< in file order, disabled ones too
  std::uint64_t bytes = 0;             ///< where the data begin

  [[nodiscard]] std::int64_t samples_per_block() const noexcept { return !stim && major == 1 ? 60 : 128; }
  /// Before 1.2 RHD counted from 0 without a sign.
  [[nodiscard]] bool unsigned_timestamps() const noexcept { return !stim && major == 1 && minor < 2; }
  [[nodiscard]] std::vector<const IntanChannel*> enabled(ChannelKind kind) const;
};

/// Throws RecordingError on anything that is no such header.
IntanHeader read_intan_header(const ByteSource& file);

/// Scale and unit of a kind in a traditional file or, `flat`, in RHX's .dat files.
Channel intan_channel(const IntanHeader& header, const IntanChannel& channel, ChannelKind kind, bool flat);

}  // namespace vturn::recordings
