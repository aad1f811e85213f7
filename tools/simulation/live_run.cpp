#include "tools/simulation/live_run.hpp"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <thread>

#include "tools/lib/interrupt.hpp"
#include "tools/lib/progress.hpp"
#include "tools/simulation/truth.hpp"
#include "tools/simulation/udp.hpp"

namespace vturn::simulation {
namespace {

using Clock = Peer::Clock;

Clock::duration wall(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

/// One run: the mouse, its tracker and stimulator, the pace.
class LiveRun {
 public:
  LiveRun(const LiveSettings& settings, Hypnogram hypnogram, MousePeer& peer)
      : settings_(settings),
        duration_s_(settings.duration_s > 0.0 ? settings.duration_s : hypnogram.duration_s()),
        mouse_(settings.mouse, std::move(hypnogram)),
        peer_(peer),
        pace_(context_, settings, "simulate") {
    if (!settings.tracking.empty()) tracking_.emplace(UdpSocket::send_to(settings.tracking));
    if (!settings.stimulation.empty()) stimulation_.emplace(UdpSocket::listen(settings.stimulation));
    if (!settings.truth.empty()) truth_.emplace(settings.truth);
  }

  LiveResult run() {
    std::fprintf(stderr, "vturn simulate: %s, %zu units%s%s\n", peer_.announcement().c_str(), settings_.mouse.units(),
                 settings_.wait_subscriber ? "; waiting for " : "", settings_.wait_subscriber ? peer_.awaits() : "");
    if (!pace_.start(peer_)) return finish();
    tools::Progress progress("mouse, session seconds", static_cast<std::uint64_t>(duration_s_));
    while (end_of_next_block_s() <= duration_s_ && !tools::interrupted()) {
      rehearse_stall();
      if (!pace_.wait(end_of_next_block_s(), peer_)) break;
      if (pace_.follower() != nullptr) wait_for_pulses();
      one_block();
      progress.update(static_cast<std::uint64_t>(block_end_s_));
    }
    progress.finish();
    peer_.finish(Clock::now() + wall(settings_.linger_s));
    return finish();
  }

 private:
  [[nodiscard]] double end_of_next_block_s() const {
    return block_end_s_ + static_cast<double>(peer_.block_samples()) / settings_.mouse.rate_hz;
  }

  void rehearse_stall() {
    if (!settings_.stall_at_s || stalled_ || end_of_next_block_s() < *settings_.stall_at_s) return;
    stalled_ = true;
    const auto until = Clock::now() + wall(settings_.stall_s);
    while (Clock::now() < until && !tools::interrupted()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }

  /// A starved network thread may hold a datagram back for long; the mouse's time must not pass the pulse meanwhile.
  void wait_for_pulses() {
    if (!stimulation_) return;
    Follower& follower = *pace_.follower();
    const auto give_up = Clock::now() + std::chrono::seconds(5);
    take_pulses();
    while (!follower.awaited_pulses().empty() && !tools::interrupted()) {
      if (Clock::now() > give_up) {
        std::fprintf(stderr, "vturn simulate: pulse %u was published as a trigger and did not come within 5 s\n",
                     follower.awaited_pulses().front());
        follower.forget_awaited();
        ++missing_pulses_;
        return;
      }
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      take_pulses();
    }
  }

  void take_pulses() {
    for (const double due_s : peer_.take_stimuli()) stimulate(++peer_stimuli_, due_s);
    if (!stimulation_) return;
    while (const auto datagram = stimulation_->receive()) {
      const auto pulse = parse_pulse(*datagram);
      if (!pulse) {
        ++other_datagrams_;
        continue;
      }
      if (pace_.follower() != nullptr) pace_.follower()->felt(pulse->trigger_id);
      stimulate(pulse->trigger_id, pace_.run_time_s(pulse->session_time_ns) + settings_.device_latency_ms * 1e-3);
    }
  }

  void stimulate(std::uint32_t trigger_id, double due_s) {
    if (mouse_.stimulate(trigger_id, due_s)) return;
    std::fprintf(stderr, "vturn simulate: pulse %u came %.1f ms of session time too late\n", trigger_id,
                 1e3 * (mouse_.time_s() - due_s));
  }

  void one_block() {
    take_pulses();
    const Block& block = mouse_.step(peer_.block_samples());
    const double start_s = block_end_s_;
    block_end_s_ = end_of_next_block_s();
    const std::int64_t offset_before = peer_.sample_offset();
    peer_.send(block, pace_.due(block_end_s_));
    // After a restart vturnd's session time goes on from where it was plus the time that passed.
    if (peer_.sample_offset() != offset_before) {
      pace_.rebase_session(start_s, start_s + static_cast<double>(peer_.sample_offset()) / settings_.mouse.rate_hz);
    }
    send_tracked(block);
    totals_.add(block, settings_.mouse.rate_hz);
    if (truth_) truth_->add(block);
  }

  void send_tracked(const Block& block) {
    if (!tracking_) return;
    for (const auto& frame : block.tracked) {
      std::array<char, 128> text{};
      const int size = std::snprintf(text.data(), text.size(), R"({"heading_rad":%.5f,"t_s":%.4f,"seq":%llu})",
                                     frame.heading_rad, frame.time_s, static_cast<unsigned long long>(tracked_++));
      tracking_->send({text.data(), static_cast<std::size_t>(size)});
    }
  }

  LiveResult finish() {
    take_pulses();
    auto summary = totals_.json();
    summary["seed"] = settings_.mouse.seed;
    summary["units"] = settings_.mouse.units();
    summary["session_s"] = block_end_s_;
    summary["wall_s"] = pace_.wall_s();
    peer_.report(summary);
    summary["tracked_headings"] = tracked_;
    summary["other_datagrams"] = other_datagrams_;
    summary["missing_pulses"] = missing_pulses_;
    summary["interrupted"] = tools::interrupted();
    if (truth_) truth_->finish(summary);
    const bool failed = totals_.late_stimuli > 0 || missing_pulses_ > 0 || pace_.lost_vturnd() || peer_.broken();
    return {summary, failed ? 1 : 0};
  }

  LiveSettings settings_;
  double duration_s_;
  Mouse mouse_;
  MousePeer& peer_;
  ZmqContext context_;
  Pace pace_;
  std::optional<UdpSocket> tracking_, stimulation_;
  std::optional<TruthWriter> truth_;
  RunTotals totals_;
  double block_end_s_ = 0.0;
  bool stalled_ = false;
  std::uint32_t peer_stimuli_ = 0;
  std::uint64_t tracked_ = 0, other_datagrams_ = 0, missing_pulses_ = 0;
};

}  // namespace

LiveResult run_live(const LiveSettings& settings, Hypnogram hypnogram, MousePeer& peer) {
  const tools::InterruptScope interrupt;
  return LiveRun(settings, std::move(hypnogram), peer).run();
}

}  // namespace vturn::simulation
