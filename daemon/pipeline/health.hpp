#pragma once

#include <array>
#include <atomic>
#include <vector>

#include "daemon/core/input_event.hpp"
#include "daemon/core/output_event.hpp"
#include "daemon/pipeline/plugin_host.hpp"
#include "daemon/rt/latency_histogram.hpp"
#include "daemon/rt/latest.hpp"
#include "daemon/wire/health_snapshot.hpp"

namespace vturn {

/// What the daemon tells about itself: counters of every source and queue, latencies of every hop. Filled by the
/// decision thread, read by the control thread without either waiting.
class HealthBoard {
 public:
  /// `hosts`: the sources in the rig file's order; they outlive the board.
  explicit HealthBoard(std::vector<const PluginHost*> hosts) : hosts_(std::move(hosts)) {}

  void hop(wire::Hop hop, std::int64_t latency_ns) noexcept { hops_[static_cast<std::size_t>(hop)].add(latency_ns); }
  void count_output(OutputKind kind) noexcept;
  void queue_depth(std::size_t depth) noexcept;

  /// What the operators' desk must know at once: whether stimulation is armed, and how many of their commands are
  /// taken.
  void command_state(bool armed, std::uint64_t commands_taken) noexcept {
    armed_.store(armed, std::memory_order_relaxed);
    commands_taken_.store(commands_taken, std::memory_order_release);
  }
  [[nodiscard]] bool armed() const noexcept { return armed_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t commands_taken() const noexcept {
    return commands_taken_.load(std::memory_order_acquire);
  }

  /// That the decision thread goes on, for whoever watches over the daemon.
  void ticked(MonoNs now_ns) noexcept { ticked_ns_.store(now_ns, std::memory_order_relaxed); }
  [[nodiscard]] MonoNs ticked_ns() const noexcept { return ticked_ns_.load(std::memory_order_relaxed); }

  /// The part of the snapshot that the board knows; the caller adds the rest and publishes it.
  [[nodiscard]] wire::HealthSnapshot collect(MonoNs now_ns) const noexcept;
  void publish(const wire::HealthSnapshot& snapshot) noexcept { latest_.write(snapshot); }
  /// Control thread.
  [[nodiscard]] wire::HealthSnapshot latest() noexcept { return latest_.read(); }

 private:
  static constexpr std::int64_t kAliveNs = kNsPerS;

  std::vector<const PluginHost*> hosts_;
  std::array<rt::LatencyHistogram, wire::kHopCount> hops_{};
  rt::Latest<wire::HealthSnapshot> latest_;
  std::atomic<bool> armed_{false};
  std::atomic<std::uint64_t> commands_taken_{0};
  std::atomic<MonoNs> ticked_ns_{0};
  std::uint64_t triggers_ = 0;
  std::uint64_t vetoes_ = 0;
  std::uint64_t depth_ = 0;
  std::uint64_t high_water_ = 0;
};

}  // namespace vturn
