#include "tools/simulation/rhx_peer.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace vturn::simulation {
namespace {

constexpr double kMostWaitingS = 1.0;  // as fast as clients take it: no more than this waits for them
constexpr double kBetweenBlocksS = 0.3e-3;
constexpr double kReactionS = 5e-3;  // from a stimulus to what the mouse does

RhxServerSettings with_mouse(const MouseSettings& mouse, const RhxPeerSettings& settings) {
  RhxServerSettings server = settings.server;
  server.identity.sample_rate_hz = static_cast<int>(mouse.rate_hz);
  server.ports = rhx_mouse_ports(mouse, settings.mouse, server.identity);
  // RHX's patience is one of wall time.
  server.backlog_s *= std::max(1.0, settings.speed);
  return server;
}

RhxAcquisitionSettings acquisition_settings(const RhxServer& server, const RhxPeerSettings& settings) {
  const auto& identity = server.state().identity;
  const std::int64_t usual = identity.stimulates() ? identity.sample_rate_hz / 20 : 0;
  return {settings.first_timestamp.value_or(usual), settings.speed > 0.0 ? kBetweenBlocksS / settings.speed : 0.0};
}

double steady_s(Peer::Clock::time_point time) { return std::chrono::duration<double>(time.time_since_epoch()).count(); }

}  // namespace

RhxPeer::RhxPeer(const MouseSettings& mouse, const RhxPeerSettings& settings)
    : settings_(settings),
      mouse_settings_(mouse),
      server_(with_mouse(mouse, settings)),
      mouse_(mouse, settings.mouse, server_.state()),
      acquisition_(server_, acquisition_settings(server_, settings)),
      faults_(settings.faults),
      block_samples_(kRhxBlockFrames * RhxAcquisition::blocks_per_burst(server_.state().identity)) {
  if (settings_.running) server_.state().begin_run(RhxRunMode::kRun);
}

std::string RhxPeer::announcement() const {
  return server_.announcement() + ", units on " + mouse_.name_of_unit(0) + " to " +
         mouse_.name_of_unit(mouse_settings_.units() - 1) + ", LFP " + mouse_.name_of_lfp() + ", EMG " +
         mouse_.name_of_emg();
}

const char* RhxPeer::awaits() const {
  return settings_.running ? "a client of a data port" : "a client's `set RunMode Run`";
}

bool RhxPeer::ready() {
  const bool client = server_.connected(RhxStream::kWaveform) || server_.connected(RhxStream::kSpike);
  return acquiring() && (client || !settings_.running);
}

double RhxPeer::withheld_s() const {
  return static_cast<double>(acquisition_.held() * kRhxBlockFrames) / mouse_settings_.rate_hz;
}

void RhxPeer::send(const Block& block, Clock::time_point due) {
  auto& state = server_.state();
  if (faults_.at(static_cast<double>(block.first_sample) / mouse_settings_.rate_hz).restart && state.running()) {
    server_.stop_run();
    state.begin_run(RhxRunMode::kRun);
  }
  auto blocks = mouse_.blocks(block);
  std::erase_if(blocks, [&](const auto&) { return faults_.lose_one(); });
  for (const auto& one : blocks) spikes_ += one->spikes.size();
  acquisition_.acquire(std::move(blocks), due);
  next_sample_ = block.first_sample + static_cast<std::int64_t>(block.samples);
  if (settings_.speed > 0.0) {
    next_begins_s_ = steady_s(due);
  } else {
    server_.let_clients_take(kMostWaitingS);
  }
}

std::int64_t RhxPeer::sample_at(double time_s) const {
  if (!next_begins_s_) return next_sample_;
  const double passed = (time_s - *next_begins_s_) * settings_.speed * mouse_settings_.rate_hz;
  return next_sample_ + static_cast<std::int64_t>(std::clamp(passed, 0.0, static_cast<double>(block_samples_ - 1)));
}

std::vector<double> RhxPeer::take_stimuli() {
  std::vector<double> effects_s;
  for (const auto sample : acquisition_.take_stimuli([&](const RhxKeyPress& key) { return sample_at(key.at_s); })) {
    effects_s.push_back(static_cast<double>(sample) / mouse_settings_.rate_hz + kReactionS);
  }
  return effects_s;
}

void RhxPeer::report(tools::Json& summary) const {
  server_.report(summary);
  summary["crossings"] = spikes_;
  auto runs = tools::Json::array();
  for (const auto& run : acquisition_.runs()) {
    runs.push_back({{"session_s", static_cast<double>(run.first_sample) / mouse_settings_.rate_hz},
                    {"first_timestamp", run.first_timestamp}});
  }
  summary["runs"] = runs;
}

}  // namespace vturn::simulation
