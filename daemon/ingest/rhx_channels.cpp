#include "daemon/ingest/rhx_channels.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <tuple>

namespace vturn::ingest {
namespace {

constexpr int kPorts = 8;
constexpr std::uint16_t kLastAmplifier = 127;

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& letter : result) {
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  }
  return result;
}

struct Band {
  std::string_view name;
  RhxSignal signal;
  bool stim_only;
};
constexpr std::array<Band, 6> kBands = {{{"WIDE", RhxSignal::kWide, false},
                                         {"LOW", RhxSignal::kLow, false},
                                         {"HIGH", RhxSignal::kHigh, false},
                                         {"SPK", RhxSignal::kSpike, false},
                                         {"DC", RhxSignal::kDc, true},
                                         {"STIM", RhxSignal::kStim, true}}};

/// How a kind of channel that is no amplifier is named: `prefix` (behind "A-" where it has a port), then a number.
struct Naming {
  RhxSignal signal;
  std::string_view prefix;
  bool of_port;
  std::uint16_t first, last;
  int digits;
};

std::vector<Naming> namings(RhxController controller) {
  const bool usb2 = controller == RhxController::kRecordUsb2, rhs = controller == RhxController::kStimRecord;
  const auto first = static_cast<std::uint16_t>(usb2 ? 0 : 1);
  const auto last = [&](int count) { return static_cast<std::uint16_t>(first + count - 1); };
  std::vector<Naming> result = {{RhxSignal::kAnalogIn, "ANALOG-IN-", false, first, last(8), usb2 ? 2 : 1},
                                {RhxSignal::kDigitalIn, "DIGITAL-IN-", false, first, last(16), 2},
                                {RhxSignal::kDigitalOut, "DIGITAL-OUT-", false, first, last(16), 2}};
  if (rhs) {
    result.push_back({RhxSignal::kAnalogOut, "ANALOG-OUT-", false, 1, 8, 1});
  } else {
    result.push_back({RhxSignal::kAux, "AUX", true, 1, 99, 1});
    result.push_back({RhxSignal::kVdd, "VDD", true, 1, 99, 1});
  }
  return result;
}

/// Digits and nothing else, at least `digits` of them.
std::optional<std::uint16_t> number_of(std::string_view text, int digits) {
  std::uint16_t number = 0;
  if (text.size() < static_cast<std::size_t>(digits)) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool has_port(std::string_view name) {
  return name.size() > 2 && name[0] >= 'A' && name[0] < 'A' + kPorts && name[1] == '-';
}

std::optional<RhxChannel> amplifier(std::string_view name, std::string_view band, RhxController controller) {
  if (!has_port(name) || name.size() != 5) return std::nullopt;
  const auto number = number_of(name.substr(2), 3);
  const auto is_it = [&](const Band& candidate) { return candidate.name == band; };
  const auto* const found = std::find_if(kBands.begin(), kBands.end(), is_it);
  if (!number || *number > kLastAmplifier || found == kBands.end()) return std::nullopt;
  if (found->stim_only && controller != RhxController::kStimRecord) return std::nullopt;
  return RhxChannel{found->signal, static_cast<std::uint8_t>(name[0] - 'A'), *number};
}

std::optional<RhxChannel> other(std::string_view name, RhxController controller) {
  for (const Naming& naming : namings(controller)) {
    if (naming.of_port && !has_port(name)) continue;
    const std::string_view rest = naming.of_port ? name.substr(2) : name;
    if (!rest.starts_with(naming.prefix)) continue;
    const auto number = number_of(rest.substr(naming.prefix.size()), naming.digits);
    if (!number || *number < naming.first || *number > naming.last) continue;
    return RhxChannel{naming.signal, static_cast<std::uint8_t>(naming.of_port ? name[0] - 'A' : 0), *number};
  }
  return std::nullopt;
}

std::string_view kinds(RhxController controller) {
  switch (controller) {
    case RhxController::kRecordUsb2:
      return "A-000 (with |LOW, |HIGH or |SPK for another band), A-AUX1, A-VDD1, ANALOG-IN-00 to -07, DIGITAL-IN-00 to "
             "-15, DIGITAL-OUT-00 to -15";
    case RhxController::kRecordUsb3:
      return "A-000 (with |LOW, |HIGH or |SPK for another band), A-AUX1, A-VDD1, ANALOG-IN-1 to -8, DIGITAL-IN-01 to "
             "-16, DIGITAL-OUT-01 to -16";
    case RhxController::kStimRecord:
      break;
  }
  return "A-000 (with |LOW, |HIGH, |SPK, |DC or |STIM for another band), ANALOG-IN-1 to -8, ANALOG-OUT-1 to -8, "
         "DIGITAL-IN-01 to -16, DIGITAL-OUT-01 to -16";
}

bool of_amplifier(RhxSignal signal) noexcept { return signal <= RhxSignal::kStim; }
bool of_port(RhxSignal signal) noexcept { return signal <= RhxSignal::kVdd; }
bool digital(RhxSignal signal) noexcept { return signal >= RhxSignal::kDigitalIn; }

/// Ports come before the board; in a port amplifiers, then each other kind; bands within an amplifier.
auto native_order(const RhxChannel& channel) noexcept {
  const int port = of_port(channel.signal) ? channel.port : kPorts;
  const int kind = of_amplifier(channel.signal) ? 0 : static_cast<int>(channel.signal);
  return std::tuple(port, kind, channel.number, channel.signal);
}

}  // namespace

Expected<RhxController> parse_rhx_controller(std::string_view type) {
  const std::string name = upper(type);
  if (name == "CONTROLLERRECORDUSB2") return RhxController::kRecordUsb2;
  if (name == "CONTROLLERRECORDUSB3") return RhxController::kRecordUsb3;
  if (name == "CONTROLLERSTIMRECORD") return RhxController::kStimRecord;
  return Error{"RHX controller type \"" + std::string(type) +
               "\": expected ControllerRecordUSB2, ControllerRecordUSB3 or ControllerStimRecord"};
}

Expected<RhxChannel> parse_rhx_channel(std::string_view text, RhxController controller) {
  const std::string name = upper(text);
  const std::size_t bar = name.find('|');
  const std::string_view native = std::string_view(name).substr(0, bar);
  const bool plain = bar == std::string::npos;
  auto channel = amplifier(native, plain ? "WIDE" : std::string_view(name).substr(bar + 1), controller);
  if (!channel && plain) channel = other(native, controller);
  if (channel) return *channel;
  return Error{"\"" + std::string(text) + "\" is no channel of this RHX controller, which has: " +
               std::string(kinds(controller)) + "; ports A to H"};
}

std::string rhx_native_name(const RhxChannel& channel, RhxController controller) {
  const auto padded = [&](int digits) {
    const std::string number = std::to_string(channel.number);
    return std::string(static_cast<std::size_t>(std::max(0, digits - static_cast<int>(number.size()))), '0') + number;
  };
  const std::string port = of_port(channel.signal) ? std::string(1, static_cast<char>('A' + channel.port)) + "-" : "";
  if (of_amplifier(channel.signal)) return port + padded(3);
  for (const Naming& naming : namings(controller)) {
    if (naming.signal == channel.signal) return port + std::string(naming.prefix) + padded(naming.digits);
  }
  return "";
}

RhxColumns rhx_columns(std::vector<RhxChannel> enabled) {
  std::erase_if(enabled, [](const RhxChannel& channel) { return channel.signal == RhxSignal::kSpike; });
  for (RhxChannel& channel : enabled) {
    if (digital(channel.signal)) channel.number = 0;
  }
  const auto before = [](const RhxChannel& a, const RhxChannel& b) { return native_order(a) < native_order(b); };
  std::sort(enabled.begin(), enabled.end(), before);
  enabled.erase(std::unique(enabled.begin(), enabled.end()), enabled.end());
  return enabled;
}

std::uint8_t rhx_digital_line(const RhxChannel& channel, RhxController controller) noexcept {
  return static_cast<std::uint8_t>(channel.number - (controller == RhxController::kRecordUsb2 ? 0 : 1));
}

RhxScale rhx_scale(RhxSignal signal, RhxController controller) noexcept {
  switch (signal) {
    case RhxSignal::kWide:
    case RhxSignal::kLow:
    case RhxSignal::kHigh:
      return {0.195F, 32768.0F};
    case RhxSignal::kDc:
      return {-0.01923F, 512.0F};
    case RhxSignal::kAux:
      return {37.4e-6F, 0.0F};
    case RhxSignal::kVdd:
      return {74.8e-6F, 0.0F};
    case RhxSignal::kAnalogIn:
      if (controller == RhxController::kRecordUsb2) return {50.354e-6F, 0.0F};
      return {312.5e-6F, 32768.0F};
    case RhxSignal::kAnalogOut:
      return {312.5e-6F, 32768.0F};
    case RhxSignal::kSpike:
    case RhxSignal::kStim:
    case RhxSignal::kDigitalIn:
    case RhxSignal::kDigitalOut:
      break;
  }
  return {};
}

}  // namespace vturn::ingest
