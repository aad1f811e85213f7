// Any text as the name of an RHX channel, to each kind of controller. What is taken has a native name that means the
// same again, stands in one column, and has a scale and a line within their bounds.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "daemon/ingest/rhx_channels.hpp"

using namespace vturn::ingest;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

constexpr std::array kControllers = {RhxController::kRecordUsb2, RhxController::kRecordUsb3,
                                     RhxController::kStimRecord};

bool digital(const RhxChannel& channel) { return channel.signal >= RhxSignal::kDigitalIn; }

void check(const RhxChannel& channel, RhxController controller) {
  const auto again = parse_rhx_channel(rhx_native_name(channel, controller), controller);
  require(again && again->port == channel.port && again->number == channel.number);
  require(channel.port < 8 && channel.number < 128);
  if (digital(channel)) require(rhx_digital_line(channel, controller) < 16);
  const RhxScale scale = rhx_scale(channel.signal, controller);
  require(std::isfinite(scale(0)) && std::isfinite(scale(0xFFFF)) && scale(0) != scale(0xFFFF));
  require(!rhx_once_a_block(channel.signal) || rhx_is_voltage(channel.signal));
  // Told twice, and with others around it, it has one column, and those keep their order.
  const RhxColumns columns = rhx_columns({{RhxSignal::kAnalogIn, 0, 1}, channel, {RhxSignal::kWide, 0, 5}, channel});
  require(rhx_columns({columns.rbegin(), columns.rend()}) == columns);
  RhxChannel column = channel;
  if (digital(channel)) column.number = 0;
  const auto found = std::count(columns.begin(), columns.end(), column);
  require(found == (channel.signal == RhxSignal::kSpike ? 0 : 1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const RhxController controller : kControllers) {
    const auto channel = parse_rhx_channel(text, controller);
    if (channel) check(*channel, controller);
    if (!channel) require(!channel.error().empty());
  }
  const auto controller = parse_rhx_controller(text);
  if (controller) require(std::count(kControllers.begin(), kControllers.end(), *controller) == 1);
  return 0;
}
