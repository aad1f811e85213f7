#pragma once

#include <cstdint>
#include <vector>

#include "tools/simulation/rhx_commands.hpp"
#include "tools/simulation/rhx_wire.hpp"

namespace vturn::simulation {

/// The outputs of an RHS controller under manual triggers: key presses come in, the DIGITAL-OUT word and the STIM words
/// show what the FPGA made of them. Only parameters that were uploaded count.
class RhxStimulator {
 public:
  explicit RhxStimulator(double rate_hz) : rate_hz_(rate_hz) {}

  /// A key press that reaches the FPGA at `sample`; returns the first sample of a pulse that it begins, if any.
  std::optional<std::int64_t> press(const RhxKeyPress& key, std::int64_t sample, const RhxState& state);
  /// The words of a DIGITAL-OUT or STIM column with what is being output put in.
  void overlay(const RhxBoard& board, const RhxColumn& column, std::int64_t first_sample, RhxWords& words) const;
  /// Output before that sample is forgotten.
  void forget_before(std::int64_t sample);
  /// A run ended: what was being output then does not go on in the next, which begins with that sample.
  void end_before(std::int64_t sample) {
    std::erase_if(pulses_, [&](const Pulse& pulse) { return pulse.begin < sample; });
  }

 private:
  struct Pulse {
    std::size_t channel;
    std::int64_t begin, end;
    std::uint16_t word;  ///< bits that it sets
  };
  void begin(std::size_t channel, const RhxChannel& with, std::int64_t sample);
  [[nodiscard]] std::int64_t samples(const RhxChannel& channel, const char* microseconds_item) const;

  double rate_hz_;
  std::vector<Pulse> pulses_;
};

}  // namespace vturn::simulation
