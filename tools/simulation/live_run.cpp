#include "tools/simulation/live_run.hpp"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <thread>

#include "tools/lib/interrupt.hpp"
#include "tools/lib/progress.hpp"
#include "tools/simulation/follower.hpp"
#include "tools/simulation/gui_http.hpp"
#include "tools/simulation/publisher.hpp"
#include "tools/simulation/truth.hpp"
#include "tools/simulation/udp.hpp"

namespace vturn::simulation {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

std::int64_t unix_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

GuiDescription describe(const LiveSettings& s) {
  const auto dot = s.wire.stream.rfind('.');
  return {s.wire.stream.substr(dot == std::string::npos ? 0 : dot + 1), s.wire.source_node, s.wire.detector_node,
          s.mouse.rate_hz, s.wire.channels.size()};
}

/// One run: the mouse, its sockets, the pace.
class LiveRun {
 public:
  LiveRun(const LiveSettings& settings, Hypnogram hypnogram)
      : settings_(settings),
        duration_s_(settings.duration_s > 0.0 ? settings.duration_s : hypnogram.duration_s()),
        mouse_(settings.mouse, std::move(hypnogram)),
        wire_(settings.mouse, settings.wire),
        publisher_(context_, settings.address, kHighWater) {
    if (const auto listen = address_with_port_plus(publisher_.endpoint(), 1)) heartbeat_.emplace(context_, *listen);
    if (!settings.http.empty()) http_ = std::make_unique<GuiHttp>(settings.http, describe(settings));
    if (!settings.tracking.empty()) tracking_.emplace(UdpSocket::send_to(settings.tracking));
    if (!settings.stimulation.empty()) stimulation_.emplace(UdpSocket::listen(settings.stimulation));
    if (!settings.follow.empty()) follower_.emplace(context_, settings.follow);
    if (!settings.truth.empty()) truth_.emplace(settings.truth);
  }

  LiveResult run() {
    announce();
    if (settings_.wait_subscriber && !publisher_.wait_subscriber(tools::interrupted)) return finish();
    start_ = Clock::now();
    tools::Progress progress("mouse, session seconds", static_cast<std::uint64_t>(duration_s_));
    while (end_of_next_block_s() <= duration_s_ && !tools::interrupted() && !lost_vturnd_) {
      if (!wait_for_pace()) break;
      one_block();
      progress.update(static_cast<std::uint64_t>(block_end_s_));
    }
    progress.finish();
    return finish();
  }

 private:
  static constexpr int kHighWater = 20000;

  void announce() const {
    std::fprintf(stderr, "vturn simulate: %s, stream %s, %zu units, %zu channels%s\n", publisher_.endpoint().c_str(),
                 settings_.wire.stream.c_str(), settings_.mouse.units(), settings_.wire.channels.size(),
                 settings_.wait_subscriber ? "; waiting for a subscriber" : "");
  }

  [[nodiscard]] double end_of_next_block_s() const {
    return block_end_s_ + static_cast<double>(settings_.block_samples) / settings_.mouse.rate_hz;
  }

  bool wait_for_pace() {
    rehearse_stall();
    if (settings_.speed > 0.0) {
      const auto due =
          start_ + std::chrono::duration_cast<Clock::duration>(Seconds(end_of_next_block_s() / settings_.speed));
      std::this_thread::sleep_until(due);
    }
    return follower_ ? wait_for_vturnd() : !tools::interrupted();
  }

  void rehearse_stall() {
    if (!settings_.stall_at_s || stalled_ || end_of_next_block_s() < *settings_.stall_at_s) return;
    stalled_ = true;
    const auto until = Clock::now() + Seconds(settings_.stall_s);
    while (Clock::now() < until && !tools::interrupted()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }

  /// Session time published so far, in the mouse's seconds; 0 before vturnd says anything.
  [[nodiscard]] double followed_s() const { return seconds(follower_->published_ns().value_or(0)) - session_offset_s_; }

  bool wait_for_vturnd() {
    const auto give_up = Clock::now() + Seconds(settings_.follow_timeout_s);
    follower_->service();
    while (end_of_next_block_s() > followed_s() + settings_.run_ahead_ms * 1e-3) {
      if (tools::interrupted()) return false;
      if (Clock::now() > give_up) return report_lost_vturnd();
      follower_->wait(std::chrono::milliseconds(20));
      follower_->service();
    }
    wait_for_pulses();
    return true;
  }

  /// A starved network thread may hold a datagram back for long; the mouse's time must not pass the pulse meanwhile.
  void wait_for_pulses() {
    if (!stimulation_) return;
    const auto give_up = Clock::now() + std::chrono::seconds(5);
    take_pulses();
    while (!follower_->awaited_pulses().empty() && !tools::interrupted()) {
      if (Clock::now() > give_up) {
        std::fprintf(stderr, "vturn simulate: pulse %u was published as a trigger and did not come within 5 s\n",
                     follower_->awaited_pulses().front());
        follower_->forget_awaited();
        ++missing_pulses_;
        return;
      }
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      take_pulses();
    }
  }

  bool report_lost_vturnd() {
    std::fprintf(
        stderr,
        "vturn simulate: vturnd at %s has published session time up to %.3f s only, for %.0f s now, with data sent up "
        "to %.3f s: is it running with this source as clock master? (--run-ahead-ms, --follow-timeout)\n",
        settings_.follow.c_str(), followed_s(), settings_.follow_timeout_s, block_end_s_);
    lost_vturnd_ = true;
    return false;
  }

  void take_pulses() {
    if (!stimulation_) return;
    while (const auto datagram = stimulation_->receive()) {
      const auto pulse = parse_pulse(*datagram);
      if (!pulse) {
        ++other_datagrams_;
        continue;
      }
      if (follower_) follower_->felt(pulse->trigger_id);
      const double due_s = seconds(pulse->session_time_ns) - session_offset_s_ + settings_.device_latency_ms * 1e-3;
      if (mouse_.stimulate(pulse->trigger_id, due_s)) continue;
      std::fprintf(stderr, "vturn simulate: pulse %u came %.1f ms of session time too late\n", pulse->trigger_id,
                   1e3 * (mouse_.time_s() - due_s));
    }
  }

  void one_block() {
    take_pulses();
    if (heartbeat_) heartbeat_->service();
    const Block& block = mouse_.step(settings_.block_samples);
    const double start_s = block_end_s_;
    block_end_s_ = end_of_next_block_s();
    const std::int64_t offset_before = wire_.sample_offset();
    wire_.send(block, unix_ms(), [&](const WireMessage& message) { publish(message); });
    // After a rehearsed restart vturnd's session time goes on from where it was plus the time that passed.
    if (wire_.sample_offset() != offset_before && follower_) {
      session_offset_s_ = seconds(follower_->published_ns().value_or(0)) - start_s;
    }
    send_tracked(block);
    totals_.add(block, settings_.mouse.rate_hz);
    if (truth_) truth_->add(block);
  }

  void publish(const WireMessage& message) {
    const auto bytes = [](std::string_view text) {
      return std::span<const std::uint8_t>{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
    };
    const std::array<std::span<const std::uint8_t>, 3> parts{bytes(message.envelope), bytes(message.header),
                                                             message.payload};
    publisher_.send(parts, tools::interrupted);
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
    summary["wall_s"] = start_ == Clock::time_point{} ? 0.0 : Seconds(Clock::now() - start_).count();
    summary["messages"] = wire_.messages();
    summary["tracked_headings"] = tracked_;
    summary["other_datagrams"] = other_datagrams_;
    summary["missing_pulses"] = missing_pulses_;
    summary["interrupted"] = tools::interrupted();
    if (truth_) truth_->finish(summary);
    return {summary, totals_.late_stimuli > 0 || missing_pulses_ > 0 || lost_vturnd_ ? 1 : 0};
  }

  LiveSettings settings_;
  double duration_s_;
  Mouse mouse_;
  OpenEphysWire wire_;
  ZmqContext context_;
  Publisher publisher_;
  std::optional<HeartbeatReply> heartbeat_;
  std::unique_ptr<GuiHttp> http_;
  std::optional<UdpSocket> tracking_, stimulation_;
  std::optional<Follower> follower_;
  std::optional<TruthWriter> truth_;
  RunTotals totals_;
  Clock::time_point start_{};
  double block_end_s_ = 0.0, session_offset_s_ = 0.0;
  bool stalled_ = false, lost_vturnd_ = false;
  std::uint64_t tracked_ = 0, other_datagrams_ = 0, missing_pulses_ = 0;
};

}  // namespace

LiveResult run_live(const LiveSettings& settings, Hypnogram hypnogram) {
  const tools::InterruptScope interrupt;
  return LiveRun(settings, std::move(hypnogram)).run();
}

}  // namespace vturn::simulation
