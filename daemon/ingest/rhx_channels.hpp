#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "daemon/core/expected.hpp"

namespace vturn::ingest {

/// What RHX's `get Type` says.
enum class RhxController : std::uint8_t {
  kRecordUsb2 = 1,  ///< ControllerRecordUSB2: RHD, 256-channel board
  kRecordUsb3,      ///< ControllerRecordUSB3: RHD, 512 and 1024 channels
  kStimRecord,      ///< ControllerStimRecord: RHS
};

/// Kinds of signal. Those of one amplifier stand in this order in a frame; kSpike has no word there.
enum class RhxSignal : std::uint8_t {
  kWide = 1,
  kLow,
  kHigh,
  kSpike,  ///< threshold crossings, on the spike stream
  kDc,     ///< RHS
  kStim,   ///< RHS: what the stimulator of the channel does
  kAux,    ///< RHD: auxiliary inputs of a headstage, among them its accelerometer
  kVdd,    ///< RHD: supply of a headstage
  kAnalogIn,
  kAnalogOut,  ///< RHS
  kDigitalIn,
  kDigitalOut,
};

/// One signal of one channel as RHX numbers it.
struct RhxChannel {
  RhxSignal signal = RhxSignal::kWide;
  std::uint8_t port = 0;     ///< 0 = A; 0 where the signal belongs to the board
  std::uint16_t number = 0;  ///< as in the native name

  bool operator==(const RhxChannel&) const = default;
  bool operator<(const RhxChannel& other) const noexcept {
    return std::tie(signal, port, number) < std::tie(other.signal, other.port, other.number);
  }
};

/// "ControllerRecordUSB3" and its like, in any case.
Expected<RhxController> parse_rhx_controller(std::string_view type);

/// "A-004" (wide band), "A-004|LOW", "B-031|SPK", "A-AUX1", "ANALOG-IN-1", "DIGITAL-IN-01", in any case. The bands are
/// WIDE, LOW, HIGH, SPK, DC, STIM. An error says what such a controller would have.
Expected<RhxChannel> parse_rhx_channel(std::string_view text, RhxController controller);
/// The native name that RHX's commands take, without the band.
std::string rhx_native_name(const RhxChannel& channel, RhxController controller);

/// The columns of a waveform frame, in RHX's order. Digital channels share one word for all 16 lines, which stands here
/// as a channel with number 0.
using RhxColumns = std::vector<RhxChannel>;
/// What RHX sends when these are enabled, whatever their order here (facts: Intan RHX 3.2).
RhxColumns rhx_columns(std::vector<RhxChannel> enabled);

/// Bit of a digital word that this DIGITAL-IN or DIGITAL-OUT channel is: USB2 boards count from 0.
std::uint8_t rhx_digital_line(const RhxChannel& channel, RhxController controller) noexcept;

/// Physical value of a word = gain * (word - zero): microvolts of WIDE, LOW and HIGH, volts of the others.
struct RhxScale {
  float gain = 1;
  float zero = 0;

  [[nodiscard]] float operator()(std::uint16_t word) const noexcept { return gain * (static_cast<float>(word) - zero); }
};
RhxScale rhx_scale(RhxSignal signal, RhxController controller) noexcept;

/// Is it a voltage that can be handed on as a signal? (Not spikes, digital words and stimulation flags.)
constexpr bool rhx_is_voltage(RhxSignal signal) noexcept {
  return signal != RhxSignal::kSpike && signal != RhxSignal::kStim && signal != RhxSignal::kDigitalIn &&
         signal != RhxSignal::kDigitalOut;
}
/// Sent at the full rate, but with one true value in a block: auxiliary inputs (RHX repeats the wrong ones) and
/// supplies.
constexpr bool rhx_once_a_block(RhxSignal signal) noexcept {
  return signal == RhxSignal::kAux || signal == RhxSignal::kVdd;
}

}  // namespace vturn::ingest
