#pragma once

#include "plugins/intan_rhx/source.hpp"

namespace vturn::plugins {

/// A stimulus of an RHS controller: presses a key of RHX through the source's command connection.
class IntanRhxOutput {
 public:
  /// `source`: the IntanRhxSource whose connection it uses.
  IntanRhxOutput(const vturn_host& host, const char* config_json, void* source);

  /// Waits up to a second for RHX to stand ready. Throws std::runtime_error with one line.
  void self_test();
  std::int32_t fire(const vturn_pulse& pulse) noexcept;
  /// Ends nothing: see RhxPulses::stop.
  std::int32_t stop(std::uint32_t trigger_id) noexcept { return pulses_.stop(output_, trigger_id); }

 private:
  std::string name_;
  RhxPulses& pulses_;
  std::size_t output_ = 0;
};

}  // namespace vturn::plugins
