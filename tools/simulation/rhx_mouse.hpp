#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tools/simulation/mouse.hpp"
#include "tools/simulation/rhx_commands.hpp"
#include "tools/simulation/rhx_wire.hpp"

namespace vturn::simulation {

struct RhxMouseSettings {
  std::size_t amplifiers = 0;     ///< at least so many in front of the LFP electrode; those without a unit hear noise
  std::size_t port_channels = 0;  ///< amplifiers of a full port; 0 = as many as the controller can have
  double background_hz = 0.0;     ///< crossings a second of no unit, over all those amplifiers
  double artefact_hz = 0.0;       ///< crossings that are likely artefacts (4 mV), likewise
};

/// The ports that the mouse needs; throws when the controller has not so many.
std::vector<RhxPort> rhx_mouse_ports(const MouseSettings& mouse, const RhxMouseSettings& settings,
                                     const RhxIdentity& identity);

/// The digital mouse as the controller's headstages see it: unit k on the k-th amplifier, port after port; the LFP and
/// the EMG electrode on the first two amplifiers of the port behind them; its accelerometer on AUX1-3 of every port,
/// of RHS, whose headstages have none, on the first three analog inputs; a 10 ms pulse every second on the first
/// digital input.
class RhxMouse {
 public:
  RhxMouse(const MouseSettings& mouse, const RhxMouseSettings& settings, const RhxState& state);

  /// One USB read of what the mouse did; the block's samples are whole blocks of RHX. Crossings follow each channel's
  /// threshold and RHX's dead time; those of noise alone are not simulated.
  std::vector<std::unique_ptr<RhxBlock>> blocks(const Block& block);

  [[nodiscard]] const std::string& name_of_unit(std::size_t unit) const;
  [[nodiscard]] const std::string& name_of_lfp() const;
  [[nodiscard]] const std::string& name_of_emg() const;

 private:
  struct Crossing {
    std::size_t channel;
    std::int64_t sample;
    double amplitude_uv;
  };
  struct Train {
    double mean_samples;  ///< between crossings, 0 = none
    double next_sample;
  };

  void add_unit_spikes(const Block& block);
  void add_train(Train& train, double end_sample, double low_uv, double high_uv);
  void detect(std::vector<std::unique_ptr<RhxBlock>>& blocks, std::int64_t first_sample);
  [[nodiscard]] std::uint8_t id_of(const Crossing& crossing) const;

  const RhxState& state_;
  std::size_t heard_;  ///< amplifiers in front of the LFP electrode
  double rate_hz_;
  Random random_;
  Train background_, artefacts_;
  std::vector<std::size_t> amplifiers_;  ///< channel of the n-th amplifier
  std::size_t lfp_channel_, first_analog_in_;
  std::vector<double> amplitudes_uv_;  ///< of the units
  std::shared_ptr<const std::vector<std::int16_t>> noise_;
  std::vector<std::int64_t> silent_until_;  ///< dead time, by channel
  std::vector<Crossing> crossings_;         ///< of this burst, and those before whose waveform reaches into it
};

}  // namespace vturn::simulation
