#pragma once

#include <cstdint>
#include <vector>

#include "daemon/core/input_event.hpp"
#include "daemon/ingest/gui_message.hpp"

namespace vturn::ingest {

/// What a message says about the stream's continuity. At most one of epoch and gap; a gap may follow from the message
/// counter (`lost`) or from the samples (`missing_samples`) or both.
struct Continuity {
  EpochCause epoch = EpochCause::kNone;  ///< kStart with the first message
  std::uint64_t lost = 0;                ///< messages that never came
  std::uint64_t missing_samples = 0;     ///< samples that never came although no message was lost
  bool channel_broken = false;           ///< data: this block does not continue its channel's last one
};

/// Whether a message's sample number is surely its own stream's.
constexpr bool tells_samples(MessageKind kind) noexcept {
  return kind == MessageKind::kData || kind == MessageKind::kSpike;
}

/// Judges message_num and sample_num of one plugin's messages (facts: Open Ephys GUI 0.6-1.0).
///
/// message_num counts 1, 2, 3 ... over all kinds of an instance and begins anew with each acquisition (plugin >=
/// 0.3.1). It is an `int` that overflows after 13.5 h of a full stream, so it is compared modulo 2^31. sample_num of
/// the blocks of one channel is contiguous; File Reader loops and boards that restart jump back. TTL and spikes come
/// before their block's data, unsorted, so their samples only tell a jump that no block length explains. TTL tell even
/// that only until data or spikes have come: the Network Events plugin stamps its edges with the first stream's sample
/// number, whatever stream they are in. The Falcon Output counts its blocks on through restarts, the Event Broadcaster
/// counts nothing: there the samples alone tell.
class StreamTracker {
 public:
  /// `sample_time_factor`: session seconds per second of `arrival`, 1 on a rig.
  explicit StreamTracker(double sample_time_factor = 1.0);

  /// First for every message of the instance, whatever its stream: its number, or that it has none. Adds to `result`.
  void observe_number(std::int64_t message_num, Continuity& result) noexcept;
  void observe_unnumbered(Continuity& result) noexcept;
  /// Then for messages of the stream that is followed, with its rate (> 0). Adds to `result`.
  void observe_samples(const GuiMessage& message, double rate_hz, MonoNs arrival_mono_ns, Continuity& result) noexcept;

  /// Data or spikes of this epoch have come.
  [[nodiscard]] bool confirmed() const noexcept { return confirmed_; }
  /// Whether an edge stands where this epoch's data and spikes cannot be: it is of an epoch that they have yet to tell,
  /// or its sample number is another stream's.
  [[nodiscard]] bool strays(SampleIndex sample, MonoNs arrival_mono_ns) const noexcept;
  /// Whether an edge that strayed stands beside this message after all.
  [[nodiscard]] static bool beside(SampleIndex edge, SampleIndex sample, double rate_hz) noexcept;

 private:
  struct Channel {
    SampleIndex next_sample = 0;
    std::uint64_t generation = 0;  ///< `generation_` when its last block came; 0 = none yet
  };

  [[nodiscard]] double elapsed_s(MonoNs arrival_mono_ns) const noexcept;
  void judge_jump(const GuiMessage& message, MonoNs arrival_mono_ns, Continuity& result) noexcept;
  void judge_block(const GuiMessage& message, Continuity& result) noexcept;
  void begin_epoch(EpochCause cause, Continuity& result) noexcept;

  double sample_time_factor_;
  std::vector<Channel> channels_;  ///< up to the highest number seen; room for kMaxChannels is reserved
  std::uint64_t generation_ = 1;   ///< of channel continuity: an epoch or a gap begins a new one
  std::uint64_t epoch_generation_ = 1;
  std::int64_t last_number_ = 0;
  SampleIndex newest_sample_ = 0;
  MonoNs last_arrival_mono_ns_ = 0;
  double last_rate_hz_ = 0;  ///< 0: no sample of this epoch seen yet
  bool started_ = false;
  bool confirmed_ = false;
};

}  // namespace vturn::ingest
