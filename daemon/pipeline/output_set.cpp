#include "daemon/pipeline/output_set.hpp"

#include <array>
#include <stdexcept>

namespace vturn {
namespace {

OutputResult result_of(std::int32_t result) noexcept {
  switch (result) {
    case VTURN_RESULT_FIRED:
      return OutputResult::kFired;
    case VTURN_RESULT_SHAM:
      return OutputResult::kSham;
    case VTURN_RESULT_REFUSED:
      return OutputResult::kRefused;
    default:
      return OutputResult::kFailed;  // also for values that no version of the interface knows
  }
}

}  // namespace

OutputSet::~OutputSet() {
  for (Device& device : devices_) device.functions->destroy(device.instance);
}

void OutputSet::add(const PluginLibrary& library, std::unique_ptr<PluginHost> host, const std::string& config_json,
                    void* source) {
  if (library.plugin->output == nullptr)
    throw std::runtime_error(library.path + ": is not an output; check `type` of [[output]]");
  std::array<char, 512> error{};
  void* instance =
      library.plugin->output->create(&host->host(), config_json.c_str(), source, error.data(), error.size());
  if (instance == nullptr) throw std::runtime_error("output \"" + host->name() + "\": " + error.data());
  devices_.push_back({library.plugin->output, instance, std::move(host)});
}

std::string OutputSet::self_test() {
  for (Device& device : devices_) {
    std::array<char, 512> error{};
    if (device.functions->self_test(device.instance, error.data(), error.size()) != 0) {
      return "output \"" + device.host->name() + "\": " + error.data();
    }
  }
  return "";
}

OutputSet::Fired OutputSet::fire(const TriggerOutput& trigger, SessionNs session_time_ns,
                                 MonoNs decision_mono_ns) noexcept {
  if (trigger.output >= devices_.size()) return {};
  Device& device = devices_[trigger.output];
  vturn_pulse pulse{};
  pulse.session_time_ns = session_time_ns;
  pulse.decision_mono_ns = decision_mono_ns;
  pulse.trigger_id = trigger.trigger_id;
  pulse.pulse_ms = trigger.pulse_ms;
  pulse.rule = trigger.rule;
  pulse.kind = trigger.arm == Arm::kSham ? VTURN_PULSE_SHAM : VTURN_PULSE_STIM;
  const std::int32_t result = device.functions->fire(device.instance, &pulse);
  if (result == VTURN_RESULT_QUEUED) return {OutputResult::kFired, true};
  return {result_of(result), false};
}

OutputResult OutputSet::stop(std::uint8_t output, std::uint32_t trigger_id) noexcept {
  if (output >= devices_.size()) return OutputResult::kNotStopped;
  const Device& device = devices_[output];
  const std::int32_t result = device.functions->stop(device.instance, trigger_id);
  return result == VTURN_RESULT_STOPPED ? OutputResult::kStopped : OutputResult::kNotStopped;
}

}  // namespace vturn
