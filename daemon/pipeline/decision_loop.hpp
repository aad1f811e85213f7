#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "daemon/core/digest.hpp"
#include "daemon/engine/engine.hpp"
#include "daemon/ingest/order.hpp"
#include "daemon/pipeline/health.hpp"
#include "daemon/pipeline/live_calibration.hpp"
#include "daemon/pipeline/marks.hpp"
#include "daemon/pipeline/model_slot.hpp"
#include "daemon/pipeline/output_set.hpp"
#include "daemon/publish/publisher.hpp"
#include "daemon/record/recorder.hpp"
#include "daemon/rt/event_queue.hpp"
#include "daemon/rt/latency_histogram.hpp"

namespace vturn {

/// The decision thread: queue, order, engine, outputs, PUB, and the way to the recorder. It alone calls the engine.
/// What it takes it records first; what the engine answers it hands over in this order: output device, PUB, recorder.
class DecisionLoop {
 public:
  static constexpr std::int64_t kTickNs = 10 * kNsPerMs;

  struct Parts {
    rt::EventQueue& queue;
    std::size_t sources;  ///< producers 0 .. sources-1, then one an output, then the operators' commands
    ingest::Order& order;
    Engine& engine;
    OutputSet& outputs;
    Publisher& publisher;
    record::Recorder* recorder;  ///< nullptr: not recorded
    HealthBoard& health;
    Marks& marks;
    LiveCalibration* calibration = nullptr;
    ModelSlot* models = nullptr;  ///< nullptr: no model can be loaded
  };
  explicit DecisionLoop(const Parts& parts);

  /// Runs until `stop` is set and everything queued before it has been taken.
  void run(const std::atomic<bool>& stop) noexcept;

  [[nodiscard]] std::uint64_t digest() const noexcept { return digest_.value(); }

  /// One pass: waits at most `timeout_us` for input, takes what is there, ticks when due. Public for tests and benches.
  void pass(std::int64_t timeout_us) noexcept;

 private:
  static constexpr std::size_t kBatch = 256;
  static constexpr std::size_t kMostPending = 64;
  static constexpr std::size_t kMaxNote = 1024;

  [[nodiscard]] std::size_t producer_of(const InputEvent& event) const noexcept;
  void receive(std::size_t count) noexcept;
  void tick(MonoNs now_ns) noexcept;
  void release() noexcept;
  void take(InputEvent& event) noexcept;
  void step(const InputEvent& event) noexcept;
  [[nodiscard]] HeadingSet* offered_to(const InputEvent& event) noexcept;
  void take_pending() noexcept;
  void watch_recorder(const InputEvent& at) noexcept;
  void stop(const PulseStopOutput& stop, const InputEvent& deciding) noexcept;
  void hand_over(const OutputEvent& output, const InputEvent& deciding) noexcept;
  [[nodiscard]] MonoNs fire(const OutputEvent& output, const InputEvent& deciding) noexcept;
  void collect_note(const CommandInput& command) noexcept;
  void finish() noexcept;
  void post(const InputEvent& event) noexcept;
  void once_a_second(MonoNs now_ns) noexcept;

  Parts parts_;
  std::array<InputEvent, kBatch> batch_{};
  ingest::ReleasedEvents released_;
  OutputBuffer outputs_;
  Digest digest_;
  std::array<InputEvent, kMostPending> pending_{};  ///< results of outputs, taken after the step that fired them
  std::size_t pending_count_ = 0;
  MonoNs now_mono_ns_ = 0;
  MonoNs next_tick_ns_ = 0;
  MonoNs next_digest_ns_ = 0;
  MonoNs next_health_ns_ = 0;
  SessionNs master_session_ns_ = 0;
  SampleIndex master_sample_ = 0;
  record::State recorder_state_ = record::State::kOff;
  std::uint64_t inputs_ = 0;
  std::uint64_t commands_ = 0;
  bool shut_down_ = false;
  std::array<char, kMaxNote> note_{};  ///< of the parts so far
  std::size_t note_size_ = 0;
};

}  // namespace vturn
