#pragma once

#include <memory>
#include <string>

#include "tools/commands/program_options.hpp"
#include "tools/commands/rhx_options.hpp"
#include "tools/simulation/faults.hpp"
#include "tools/simulation/live_run.hpp"
#include "tools/simulation/rhx_peer.hpp"

namespace vturn::tools {

/// The program as which `vturn simulate` speaks, and the options that only some of them have.
class SimulatedProgram {
 public:
  void add_to(CLI::App& app);
  /// RHX acquires 34 ms at once: what it sends next ends further beyond what vturnd can have decided.
  [[nodiscard]] double usual_run_ahead_ms() const { return as_ == "intan-rhx" ? 60.0 : 50.0; }
  /// The program, on its sockets. An option that does not fit throws.
  [[nodiscard]] std::unique_ptr<simulation::MousePeer> make(const simulation::LiveSettings& live) const;

 private:
  void add_gui(CLI::App& app);
  void add_rhx(CLI::App& app);
  void add_faults(CLI::App& app);
  [[nodiscard]] simulation::FaultSettings faults() const;
  [[nodiscard]] std::unique_ptr<simulation::MousePeer> gui(const simulation::LiveSettings& live) const;
  [[nodiscard]] std::unique_ptr<simulation::MousePeer> rhx(const simulation::LiveSettings& live) const;

  ProgramOptions limits_;
  std::string as_ = "open-ephys";
  std::string address_;
  // Open Ephys GUI
  std::string http_ = "127.0.0.1:37497";
  std::string stream_ = "Digital_Mouse-100.mouse";
  std::string channels_ = "LFP,EMG,AUX1,AUX2,AUX3";
  std::string format_ = "json";
  std::size_t block_samples_ = 204;
  // Intan RHX
  RhxOptions rhx_;
  simulation::RhxMouseSettings rhx_mouse_;
  std::string controller_ = "usb3", rhx_version_ = "3.4.0";
  std::int64_t first_timestamp_ = -1;
  // faults
  std::string drop_;
  double restart_at_s_ = -1.0, loop_at_s_ = -1.0;
};

/// "T:X" of the fault rehearsals.
std::pair<double, double> parse_pair(const std::string& option, const std::string& text);

}  // namespace vturn::tools
