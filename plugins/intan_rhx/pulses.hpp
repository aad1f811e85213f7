#pragma once

#include <array>
#include <atomic>
#include <boost/lockfree/spsc_queue.hpp>
#include <memory>
#include <string>
#include <vector>

#include "daemon/ingest/rhx_reader.hpp"
#include "plugins/api/vturn_plugin.h"
#include "plugins/intan_rhx/command_client.hpp"

namespace vturn::plugins {

/// One [[output]] on an RHS controller: a key of RHX, what it starts, and where that shows in the waveform stream.
struct RhxPulseSettings {
  std::string name;
  std::string key;       ///< F1 .. F8
  std::string channel;   ///< DIGITAL-OUT-nn that vturnd sets up for it; "" = what is set up in RHX
  std::string confirm;   ///< DIGITAL-OUT-nn or an amplifier's A-nnn|STIM
  double pulse_ms = 10;  ///< of a train: all of it
};

/// The name of a column that shows a pulse. Throws std::invalid_argument for others.
ingest::RhxChannel parse_rhx_confirmation(const std::string& text);

/// Stimuli through RHX's command port, and their proof: RHX confirms nothing, so that a pulse counts as fired when it
/// is seen in the DIGITAL-OUT or STIM words. `fire` belongs to the decision thread, all else to the reader's.
class RhxPulses final : public ingest::RhxOutputSink {
 public:
  static constexpr std::size_t kMost = 8;
  /// RHX sends a word at most some 100 ms after it happened.
  static constexpr MonoNs kConfirmNs = 500 * kNsPerMs;

  explicit RhxPulses(CommandClient& client) noexcept : client_(client) {}

  /// Set-up. Throws std::runtime_error when there are too many or a key is taken.
  std::size_t add(const RhxPulseSettings& settings, const vturn_host& host);
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] const RhxPulseSettings& settings(std::size_t output) const noexcept {
    return outputs_[output]->settings;
  }

  /// Set-up: how the source's own time becomes session time.
  void use_origin(const ingest::ReaderOrigin& origin) noexcept { origin_ = origin; }

  /// RHX stands ready for pulses (an RHS controller, set up, running), or why it does not.
  void set_ready(bool ready) noexcept { ready_.store(ready, std::memory_order_release); }
  [[nodiscard]] bool ready() const noexcept { return ready_.load(std::memory_order_acquire); }

  /// VTURN_RESULT_QUEUED, or VTURN_RESULT_REFUSED when nothing went out.
  std::int32_t fire(std::size_t output, const vturn_pulse& pulse) noexcept;
  /// VTURN_RESULT_STOPPED when that pulse is over; VTURN_RESULT_FAILED while it may still come or last, because RHX has
  /// no command that ends one: the controller does.
  std::int32_t stop(std::size_t output, std::uint32_t trigger_id) const noexcept;

  void output_edge(const ingest::RhxOutputEdge& edge) noexcept override;
  /// Pulses that were not seen in time have failed.
  void service(MonoNs now_ns) noexcept;
  /// Pulses that nobody here asked for (a hand on the key).
  [[nodiscard]] std::uint64_t foreign() const noexcept { return foreign_; }
  [[nodiscard]] std::uint64_t unconfirmed() const noexcept { return unconfirmed_; }

 private:
  struct Sent {
    std::uint32_t trigger_id = 0;
    std::uint16_t rule = 0;
    MonoNs mono_ns = 0;
    bool went_out = true;
  };
  struct Output {
    RhxPulseSettings settings;
    const vturn_host* host = nullptr;
    std::string command;
    ingest::RhxChannel confirm;
    boost::lockfree::spsc_queue<Sent, boost::lockfree::capacity<64>> sent;
    /// The decision thread's own: of the newest pulse that went out.
    std::uint32_t running_id = 0;
    MonoNs over_ns = 0;
    /// The reader's own, on the source's clock: edges before are the rest of a train.
    std::int64_t train_until_ns = 0;
    /// Taken from `sent`, not seen yet: the reader's own.
    std::array<Sent, 64> awaited{};
    std::size_t first = 0, count = 0;
  };

  static void collect(Output& output) noexcept;
  /// The oldest pulse that is awaited has come to this.
  static void settle(Output& output, std::int32_t result, MonoNs fired_ns, vturn_event event) noexcept;
  [[nodiscard]] SessionNs session_time_ns(const ingest::RhxOutputEdge& edge) const noexcept;

  CommandClient& client_;
  ingest::ReaderOrigin origin_;
  std::array<std::unique_ptr<Output>, kMost> outputs_;
  std::size_t count_ = 0;
  std::atomic<bool> ready_{false};
  std::uint64_t foreign_ = 0, unconfirmed_ = 0;
};

}  // namespace vturn::plugins
