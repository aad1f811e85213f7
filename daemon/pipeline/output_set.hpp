#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/core/output_event.hpp"
#include "daemon/pipeline/plugin_host.hpp"
#include "daemon/pipeline/plugin_library.hpp"

namespace vturn {

/// The rig's output devices, in the rig file's order. fire() and stop() run on the decision thread.
class OutputSet {
 public:
  OutputSet() = default;
  OutputSet(const OutputSet&) = delete;
  OutputSet& operator=(const OutputSet&) = delete;
  ~OutputSet();

  /// Creates the instance of one output; `source` is the instance whose connection it shares, or nullptr. Throws
  /// std::runtime_error with one line.
  void add(const PluginLibrary& library, std::unique_ptr<PluginHost> host, const std::string& config_json,
           void* source);
  /// Asks each device whether it is there and off. Empty when all are, else one line.
  std::string self_test();

  /// What the plugin says at once; nothing (kFired with queued = true) follows later as an input event.
  struct Fired {
    OutputResult result = OutputResult::kFailed;
    bool queued = false;
  };
  Fired fire(const TriggerOutput& trigger, SessionNs session_time_ns, MonoNs decision_mono_ns) noexcept;
  /// Ends the running pulse of that trigger: kStopped, or kNotStopped when it may go on.
  OutputResult stop(std::uint8_t output, std::uint32_t trigger_id) noexcept;

 private:
  struct Device {
    const vturn_output_functions* functions;
    void* instance;
    std::unique_ptr<PluginHost> host;
  };
  std::vector<Device> devices_;
};

}  // namespace vturn
