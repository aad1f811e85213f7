#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tools/simulation/rhx_items.hpp"

namespace vturn::simulation {

enum class RhxSignal : std::uint8_t { kAmplifier, kAux, kVdd, kAnalogIn, kAnalogOut, kDigitalIn, kDigitalOut };
/// Bands of an amplifier channel in the order of their words; a spike band has none. Other signals have kWide only.
enum class RhxBand : std::uint8_t { kWide, kLow, kHigh, kSpike, kDc, kStim };
inline constexpr std::size_t kRhxBands = 6;

struct RhxChannel {
  std::string name;  ///< native, such as A-004
  RhxSignal signal;
  std::vector<RhxItem> items;

  [[nodiscard]] bool streams(RhxBand band) const;
};

/// One word of a frame. A digital word stands for all 16 lines of its group: `channel` is then the first enabled one.
struct RhxColumn {
  std::size_t channel;
  RhxBand band;
  friend bool operator==(const RhxColumn&, const RhxColumn&) = default;
};

struct RhxPort {
  char letter = 'A';
  std::size_t amplifiers = 32;
};

/// The channels of a controller, what each one streams, and the word order that follows from it: port by port its
/// amplifiers, AUX1.., VDD1; then ANALOG-IN, ANALOG-OUT (RHS), the DIGITAL-IN and the DIGITAL-OUT word.
class RhxBoard {
 public:
  RhxBoard(const RhxIdentity& identity, const std::vector<RhxPort>& ports);

  [[nodiscard]] const std::vector<RhxChannel>& channels() const noexcept { return channels_; }
  /// nullptr when there is none; any case.
  [[nodiscard]] RhxChannel* find(std::string_view native_name);
  [[nodiscard]] const std::vector<RhxColumn>& columns() const;
  /// One a channel: does it send its spikes.
  [[nodiscard]] const std::vector<bool>& spike_channels() const;
  [[nodiscard]] int spike_threshold_uv(std::size_t amplifier_channel) const;
  /// Whether anything at all is streamed; if not, RHX sends no blocks.
  [[nodiscard]] bool streams_anything() const;
  void stream_nothing();
  /// Call after items of a channel changed.
  void changed() noexcept { known_ = false; }
  [[nodiscard]] std::string column_name(const RhxColumn& column) const;

 private:
  void add(const std::string& name, RhxSignal signal, bool stimulates);
  void work_out() const;

  std::vector<RhxChannel> channels_;
  mutable bool known_ = false;
  mutable std::vector<RhxColumn> columns_;
  mutable std::vector<bool> spikes_;
  mutable std::vector<int> thresholds_uv_;
};

}  // namespace vturn::simulation
