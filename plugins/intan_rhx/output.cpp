#include "plugins/intan_rhx/output.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

#include "plugins/common/config.hpp"

namespace vturn::plugins {
namespace {

// What RHX can set for a digital output; and nothing ends a stimulus of RHX before it is over.
constexpr double kLongestPulseMs = 100.0;

RhxPulses& pulses_of(void* source, const Config& config) {
  if (source == nullptr) config.refuse("source", "\"\"", "the name of the [[source]] of type \"intan_rhx\"");
  return static_cast<IntanRhxSource*>(source)->pulses();
}

std::string checked(const Config& config, const char* key, const std::string& text) {
  try {
    static_cast<void>(parse_rhx_confirmation(text));
  } catch (const std::invalid_argument& problem) {
    config.refuse(key, "\"" + text + "\"", problem.what());
  }
  return text;
}

RhxPulseSettings settings_of(const Config& config) {
  RhxPulseSettings settings;
  settings.name = config.name();
  settings.key = config.text("key", "F1");
  const bool is_key =
      settings.key.size() == 2 && settings.key[0] == 'F' && settings.key[1] >= '1' && settings.key[1] <= '8';
  if (!is_key) config.refuse("key", "\"" + settings.key + "\"", "F1 .. F8");
  settings.channel = config.text("channel", "");
  const std::string confirm = config.text("confirm", "");
  settings.confirm = checked(config, "confirm", confirm.empty() ? settings.channel : confirm);
  settings.pulse_ms = config.number("pulse_ms", 10.0, 0.001, 60'000.0);
  if (settings.pulse_ms > kLongestPulseMs)
    config.refuse("pulse_ms", std::to_string(settings.pulse_ms),
                  "at most 100: RHX cannot end a stimulus before it is over, when vturnd inhibits or disarms");
  if (settings.channel.empty()) return settings;
  if (parse_rhx_confirmation(checked(config, "channel", settings.channel)).signal != ingest::RhxSignal::kDigitalOut)
    config.refuse("channel", "\"" + settings.channel + "\"",
                  "DIGITAL-OUT-nn, or \"\" for a stimulus that is set up in RHX");
  return settings;
}

}  // namespace

IntanRhxOutput::IntanRhxOutput(const vturn_host& host, const char* config_json, void* source)
    : name_(Config(config_json).name()), pulses_(pulses_of(source, Config(config_json))) {
  output_ = pulses_.add(settings_of(Config(config_json)), host);
}

void IntanRhxOutput::self_test() {
  constexpr int kTries = 45;
  for (int i = 0; i < kTries && !pulses_.ready(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  if (!pulses_.ready()) {
    throw std::runtime_error("\"" + name_ +
                             "\": RHX is not ready for stimuli: it must be connected, with an RHS controller, and run");
  }
}

std::int32_t IntanRhxOutput::fire(const vturn_pulse& pulse) noexcept {
  if (pulse.kind == VTURN_PULSE_SHAM) return pulses_.ready() ? VTURN_RESULT_SHAM : VTURN_RESULT_REFUSED;
  return pulses_.fire(output_, pulse);
}

}  // namespace vturn::plugins
