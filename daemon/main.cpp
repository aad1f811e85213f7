#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>

#include "daemon/pipeline/pipeline.hpp"
#include "daemon/settings/settings.hpp"

namespace {

std::atomic<bool> g_stop{false};

extern "C" void on_signal(int) { g_stop.store(true); }

void handle_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a vanished reader of a FIFO or socket is an error value, not our end
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"vturnd: decodes head direction and sleep online, recognises virtual turns, triggers stimulation."};
  std::string config;
  bool check = false;
  app.add_option("--config", config, "rig file (TOML), see config/open-ephys.toml")->required();
  app.add_flag("--check", check, "only read the rig file, say what is wrong with it, and exit");
  app.set_version_flag("--version", VTURN_VERSION);
  CLI11_PARSE(app, argc, argv);

  const auto rig = vturn::settings::load_rig(config);
  if (!rig) {
    std::fprintf(stderr, "vturnd: %s\n", rig.error().c_str());
    return 2;
  }
  if (check) return 0;
  handle_signals();
  const auto report = vturn::run_pipeline(*rig, g_stop);
  if (!report.ok) std::fprintf(stderr, "vturnd: %s\n", report.error.c_str());
  return report.ok ? 0 : 1;
}
