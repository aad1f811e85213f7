#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "tools/commands/program_options.hpp"
#include "tools/simulation/rhx_server.hpp"

namespace vturn::tools {

/// Options of a simulated Intan RHX, shared by `vturn simulate` and `vturn play`.
struct RhxOptions {
  int waveform_port = 5001, spike_port = 5002;
  double backlog_s = 15.0, waveform_delay_ms = 0.0, reconnect_click_s = -1.0;
  std::uint64_t split = 0;
  bool running = false, stay = false;

  void add_to(CLI::App& app, ProgramOptions& programs) {
    constexpr const char* kGroup = "Intan RHX";
    app.add_option("--waveform-port", waveform_port, "of the waveform data, 0 = any free one")
        ->check(CLI::Range(0, 65535))
        ->group(kGroup)
        ->capture_default_str();
    app.add_option("--spike-port", spike_port, "of the spike data, 0 = any free one")
        ->check(CLI::Range(0, 65535))
        ->group(kGroup)
        ->capture_default_str();
    app.add_flag("--running", running, "a run is in progress when clients come")->group(kGroup);
    app.add_flag("--stay", stay, "stay, stopped, after the end of the data until the clients have left")->group(kGroup);
    app.add_option("--backlog", backlog_s, "seconds of data left unread after which RHX stops the run")
        ->check(CLI::Range(0.05, 3600.0))
        ->group(kGroup)
        ->capture_default_str();
    app.add_option("--waveform-delay-ms", waveform_delay_ms,
                   "spikes overtake the waveform by so much, as with a delayed ACK")
        ->check(CLI::Range(0.0, 1000.0))
        ->group(kGroup)
        ->capture_default_str();
    app.add_option("--split", split, "cut writes at random places drawn from this seed")->group(kGroup);
    app.add_option("--reconnect-click", reconnect_click_s,
                   "a human clicks Connect so many seconds after the command client left")
        ->group(kGroup);
    programs.group_only({"intan-rhx"}, app, kGroup);
  }

  [[nodiscard]] simulation::RhxServerSettings server(const std::string& address) const {
    simulation::RhxServerSettings settings;
    if (!address.empty()) settings.address = address;
    settings.waveform_port = waveform_port;
    settings.spike_port = spike_port;
    settings.backlog_s = backlog_s;
    settings.waveform_delay_s = waveform_delay_ms * 1e-3;
    if (split > 0) settings.split_seed = split;
    if (reconnect_click_s >= 0.0) settings.reconnect_click_s = reconnect_click_s;
    return settings;
  }
};

}  // namespace vturn::tools
