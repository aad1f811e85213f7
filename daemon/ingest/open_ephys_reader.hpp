#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/input_event.hpp"
#include "daemon/ingest/electrode_table.hpp"
#include "daemon/ingest/event_codes.hpp"
#include "daemon/ingest/event_maker.hpp"
#include "daemon/ingest/gui_message.hpp"
#include "daemon/ingest/imu_heading.hpp"
#include "daemon/ingest/sample_clock.hpp"
#include "daemon/ingest/signal_set.hpp"
#include "daemon/ingest/stream_tracker.hpp"

namespace vturn::ingest {

struct OpenEphysReaderSettings : ReaderOrigin {
  GuiFeed feed = GuiFeed::kZmqInterface;
  std::string stream;         ///< "" = the first one seen after each start of acquisition
  double sample_rate_hz = 0;  ///< 0 = from the first message that tells it; spikes of the ZMQ Interface do not
  double speed = 1.0;         ///< session seconds per second of arrival (accelerated runs)
  UnitMapSettings units;
  std::vector<SignalSettings> signals;
  ImuSettings imu;  ///< the stream is an inertial sensor's: its samples are headings
};

/// parsed = what the counters of kinds say (but for TTL edges within Falcon blocks); lost counts message numbers that
/// never came in a usable message.
struct OpenEphysCounters : ReaderCounters {
  std::uint64_t data_received = 0;   ///< blocks of any channel
  std::uint64_t other_stream = 0;    ///< parsed, but of a stream that was not asked for
  std::uint64_t headings = 0;        ///< handed on, of an inertial sensor
  std::uint64_t no_direction = 0;    ///< samples of it that said none
  std::uint64_t other_detector = 0;  ///< spikes of a second detector, whose electrodes have the same numbers: no unit
  std::uint64_t ttl_misplaced = 0;   ///< edges left out: their sample numbers are another stream's (Network Events)
  std::uint64_t without_rate = 0;    ///< parsed, but sample rate not known yet: not handed on
  std::uint64_t bad_samples = 0;     ///< not finite or absurd (> 1e9): the one before was taken instead
  std::array<std::uint64_t, static_cast<std::size_t>(ParseError::kCount)> errors{};  ///< malformed, by ParseError
};

/// One feed of the Open Ephys GUI (ZMQ Interface, Event Broadcaster or Falcon Output): message bytes in, input events
/// out. Pure: no I/O, no clock, no threads; no allocation after it is made. The first event is SourceChange::kUp.
class OpenEphysReader {
 public:
  /// Throws std::invalid_argument for a source that is neither master nor has a mapping.
  explicit OpenEphysReader(OpenEphysReaderSettings settings);

  /// `frames`: one multipart message, received at `arrival_mono_ns` (not falling from call to call).
  /// Leaves parse_delay_ns and kFlagBurstEnd of the events to the caller, who has the clock and the socket.
  void message(Frames frames, MonoNs arrival_mono_ns, EventSink& sink) noexcept;

  [[nodiscard]] const OpenEphysCounters& counters() const noexcept { return counters_; }
  [[nodiscard]] ParseError last_error() const noexcept { return last_error_; }
  [[nodiscard]] std::string_view last_error_text() const noexcept { return parser_->describe(last_error_); }
  /// Newest instant on the source's own clock that has arrived, of data and spikes (of edges before there were any); 0
  /// before the first.
  [[nodiscard]] std::int64_t newest_own_ns() const noexcept { return clock_.newest_ns(); }
  /// The stream that is followed, and the last other one that was seen; "" before there is one.
  [[nodiscard]] const std::string& stream() const noexcept { return stream_; }
  [[nodiscard]] const std::string& other_stream() const noexcept { return other_stream_; }
  [[nodiscard]] double sample_rate_hz() const noexcept { return rate_hz_; }
  [[nodiscard]] std::uint32_t epoch() const noexcept { return static_cast<std::uint32_t>(counters_.epochs); }

 private:
  /// One message on its way through, so that the steps need not pass four things on.
  struct Context {
    const GuiMessage& message;
    MonoNs arrival_mono_ns;
    EventSink& sink;
  };
  /// An edge that strayed: the next data or spike tells whether it belongs beside it.
  struct HeldEdge {
    SampleIndex sample = 0;
    MonoNs arrival_mono_ns = 0;
    TtlInput ttl;
  };
  void refuse(ParseError error, MonoNs arrival_mono_ns, EventSink& sink) noexcept;
  void count(const GuiMessage& message) noexcept;
  bool take_stream(std::string_view name, EpochCause cause) noexcept;
  void announce(const Context& context, std::uint64_t missing_samples) noexcept;
  void spike(const Context& context) noexcept;
  [[nodiscard]] bool of_other_detector(const GuiMessage& message) noexcept;
  [[nodiscard]] TtlInput ttl_of(const GuiMessage& message) noexcept;
  void hold(const Context& context) noexcept;
  void release_held(const Context& context) noexcept;
  void data(const Context& context, bool channel_broken) noexcept;
  void imu(const Context& context) noexcept;
  void event_codes(const Context& context, bool broken) noexcept;
  void emit_ttl(const Context& context, SampleIndex sample, const TtlInput& ttl) noexcept;
  [[nodiscard]] Instant instant_of(const Context& context) const noexcept;

  OpenEphysReaderSettings settings_;
  std::unique_ptr<FeedParser> parser_;
  StreamTracker tracker_;
  SampleClock clock_;
  ElectrodeTable electrodes_;
  SignalSet signals_;
  EventCodes codes_;
  ImuHeading imu_;
  EventMaker maker_;
  std::string stream_, other_stream_;
  double rate_hz_;
  // What happened while nothing could be handed on (another stream, rate unknown), told with the next usable message.
  EpochCause pending_epoch_ = EpochCause::kNone;
  std::uint64_t pending_lost_ = 0;
  std::int32_t detector_ = -1;  ///< the first one that sent a spike in this epoch
  std::uint64_t ttl_word_ = 0;  ///< kept where the feed tells lines only
  std::array<HeldEdge, 64> held_;
  std::size_t held_count_ = 0;
  ParseError last_error_ = ParseError::kNone;
  OpenEphysCounters counters_;
  bool refusal_told_ = false;
};

}  // namespace vturn::ingest
