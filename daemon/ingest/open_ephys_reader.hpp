#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "daemon/core/input_event.hpp"
#include "daemon/ingest/decimator.hpp"
#include "daemon/ingest/electrode_table.hpp"
#include "daemon/ingest/sample_clock.hpp"
#include "daemon/ingest/stream_tracker.hpp"
#include "daemon/ingest/zmq_interface.hpp"

namespace vturn::ingest {

/// A channel that is decimated and handed on. Channels are found by name; streams of plugins before 0.3.3 have no
/// names, there the number counts.
struct SignalSettings {
  std::uint16_t signal = 0;       ///< LfpInput::signal
  std::string channel_name;       ///< "" = by number only
  std::int64_t channel_num = -1;  ///< 0-based within the stream; -1 = by name only
};

/// How a source that is not the clock master gets session time. The function never blocks and never throws.
struct SessionMapping {
  void* context = nullptr;
  /// Session time of what the source's own clock calls `own_ns` and what arrived at `arrival_mono_ns`.
  SessionNs (*session_of)(void* context, std::int64_t own_ns, MonoNs arrival_mono_ns) noexcept = nullptr;
};

struct OpenEphysReaderSettings {
  SourceIndex source = 0;
  bool master = true;          ///< own time is session time; else `mapping` has to be given
  std::string stream;          ///< "" = the first one seen after each start of acquisition
  double sample_rate_hz = 0;   ///< 0 = from the first DATA header; needed where the instance has no channels
  double speed = 1.0;          ///< session seconds per second of arrival (accelerated runs)
  bool carries_spikes = true;  ///< copied into source events
  bool carries_motion = false;
  UnitMapSettings units;
  std::vector<SignalSettings> signals;
  SessionMapping mapping;
};

/// Since the reader was made. received = parsed + malformed, and parsed = what the counters of kinds say.
struct OpenEphysCounters {
  std::uint64_t received = 0, parsed = 0, malformed = 0;
  std::uint64_t lost = 0;  ///< message numbers that never came in a usable message
  std::uint64_t spikes_received = 0, spikes_unmapped = 0, ttl_received = 0;
  std::uint64_t data_received = 0;     ///< blocks of any channel
  std::uint64_t lfp_blocks = 0;        ///< LfpInput events handed on
  std::uint64_t epochs = 0, gaps = 0;  ///< source events kEpoch, kGap
  std::uint64_t other_stream = 0;      ///< parsed, but of a stream that was not asked for
  std::uint64_t without_rate = 0;      ///< parsed, but sample rate not known yet: not handed on
  std::uint64_t bad_samples = 0;       ///< not finite or absurd (> 1e9): the one before was taken instead
  std::array<std::uint64_t, static_cast<std::size_t>(ParseError::kCount)> errors{};  ///< malformed, by ParseError
};

/// Takes what the reader makes. `own_ns` is the same instant on the source's own clock (= session time for the master).
class EventSink {
 public:
  virtual void event(const InputEvent& event, std::int64_t own_ns) noexcept = 0;

 protected:
  ~EventSink() = default;
};

/// One ZMQ Interface instance of the Open Ephys GUI: message bytes in, input events out. Pure: no I/O, no clock, no
/// threads; no allocation after it is made. The first event is SourceChange::kUp.
class OpenEphysReader {
 public:
  /// Throws std::invalid_argument for a source that is neither master nor has a mapping.
  explicit OpenEphysReader(OpenEphysReaderSettings settings);

  /// `frames`: one multipart message, received at `arrival_mono_ns` (not falling from call to call).
  /// Leaves parse_delay_ns and kFlagBurstEnd of the events to the caller, who has the clock and the socket.
  void message(Frames frames, MonoNs arrival_mono_ns, EventSink& sink) noexcept;

  [[nodiscard]] const OpenEphysCounters& counters() const noexcept { return counters_; }
  [[nodiscard]] ParseError last_error() const noexcept { return last_error_; }
  /// Newest instant on the source's own clock that has arrived, of any message; 0 before the first.
  [[nodiscard]] std::int64_t newest_own_ns() const noexcept { return clock_.newest_ns(); }
  [[nodiscard]] double sample_rate_hz() const noexcept { return rate_hz_; }
  [[nodiscard]] std::uint32_t epoch() const noexcept { return static_cast<std::uint32_t>(counters_.epochs); }

 private:
  static constexpr std::int64_t kTellTimeNs = 100 * kNsPerMs;

  /// One message on its way through, so that the steps need not pass four things on.
  struct Context {
    const ZmqInterfaceMessage& message;
    MonoNs arrival_mono_ns;
    EventSink& sink;
  };
  struct Signal {
    SignalSettings settings;
    Decimator decimator;
    double rate_hz = 0;
    float last_good = 0;
  };

  void refuse(ParseError error, MonoNs arrival_mono_ns, EventSink& sink) noexcept;
  void count(const ZmqInterfaceMessage& message) noexcept;
  bool take_stream(std::string_view name, EpochCause cause) noexcept;
  void announce(const Context& context, std::uint64_t missing_samples) noexcept;
  void spike(const Context& context) noexcept;
  void ttl(const Context& context) noexcept;
  void data(const Context& context, bool channel_broken) noexcept;
  /// Samples that nobody asked for still tell that the master's clock goes on: ten times a second as a kClock event
  /// without uncertainty.
  void tell_time(const Context& context) noexcept;
  void decimate(const Context& context, Signal& signal) noexcept;
  void emit_block(const Context& context, InputEvent& block, std::uint16_t& held) noexcept;
  Signal* signal_of(const ZmqInterfaceMessage& message) noexcept;
  float good_sample(Signal& signal, float sample) noexcept;
  [[nodiscard]] InputEvent event_at(InputKind kind, SampleIndex sample, MonoNs arrival_mono_ns) const noexcept;
  [[nodiscard]] SourceInput source_input(SourceChange change, EpochCause cause, std::uint64_t count) const noexcept;
  void emit_source(const Context& context, SourceChange change, EpochCause cause, std::uint64_t count) noexcept;
  void emit(InputEvent& event, std::int64_t own_ns, EventSink& sink) noexcept;

  OpenEphysReaderSettings settings_;
  ZmqInterfaceParser parser_;
  StreamTracker tracker_;
  SampleClock clock_;
  ElectrodeTable electrodes_;
  std::vector<Signal> signals_;
  std::string stream_;
  double rate_hz_;
  // What happened while nothing could be handed on (another stream, rate unknown), told with the next usable message.
  EpochCause pending_epoch_ = EpochCause::kNone;
  std::uint64_t pending_lost_ = 0;
  ParseError last_error_ = ParseError::kNone;
  OpenEphysCounters counters_;
  std::int64_t last_event_own_ns_ = 0;
  bool up_ = false;
  bool refusal_told_ = false;
};

}  // namespace vturn::ingest
