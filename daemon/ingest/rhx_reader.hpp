#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "daemon/ingest/electrode_table.hpp"
#include "daemon/ingest/event_maker.hpp"
#include "daemon/ingest/rhx_channels.hpp"
#include "daemon/ingest/rhx_clock.hpp"
#include "daemon/ingest/rhx_spikes.hpp"
#include "daemon/ingest/rhx_waveform.hpp"
#include "daemon/ingest/signal_set.hpp"

namespace vturn::ingest {

/// A change on one of the controller's outputs, seen in the DIGITAL-OUT or a STIM word: what confirms a stimulus.
struct RhxOutputEdge {
  RhxChannel channel;      ///< kDigitalOut: number = bit of the word, from 0; kStim: the amplifier
  bool on = false;         ///< kStim: a current flows (magnitude > 0)
  std::uint16_t word = 0;  ///< as sent; of kStim: bit 15 compliance limit, 14 charge recovery, 13 settle, 7-0 magnitude
  SampleIndex sample = 0;
  std::int64_t own_ns = 0;
  MonoNs arrival_mono_ns = 0;
};

class RhxOutputSink {
 public:
  virtual void output_edge(const RhxOutputEdge& edge) noexcept = 0;

 protected:
  ~RhxOutputSink() = default;
};

struct RhxReaderSettings : ReaderOrigin {
  RhxController controller = RhxController::kRecordUsb3;
  double sample_rate_hz = 0;  ///< 0 = told later with set_sample_rate
  double speed = 1.0;         ///< session seconds per second of arrival (accelerated runs)
  UnitMapSettings units;      ///< by native name: pattern "A-{}", first 0
  /// channel_name is what parse_rhx_channel takes, of a voltage: "A-010", "A-010|LOW", "A-AUX1", "ANALOG-IN-1".
  std::vector<SignalSettings> signals;
  std::size_t max_words = kRhxMaxWords;  ///< columns that room is made for
  RhxColumns columns;                    ///< what RHX has been told to send, from rhx_columns
  std::uint16_t ttl_lines = 0xFFFF;      ///< bits of the DIGITAL-IN word that are handed on
  RhxOutputSink* outputs = nullptr;
};

/// Since the reader was made. Bytes and chunks: waveform_counters and spike_counters.
struct RhxCounters {
  std::uint64_t blocks_without_rate = 0;     ///< the sample rate was not known yet: not handed on
  std::uint64_t blocks_without_columns = 0;  ///< no telling which column is which: used as a clock only
  std::uint64_t column_changes = 0;          ///< times that blocks ceased to have the columns that they should
  std::uint64_t missing_samples = 0;         ///< that never came, or came without their spikes
  // spikes received = artefacts + unplaced + handed on + those that wait
  std::uint64_t spike_artefacts = 0;  ///< RHX took them for artefacts: left out
  std::uint64_t spikes_unplaced = 0;  ///< of no run that frames have come from, or more than can wait: left out
  std::uint64_t spikes_unmapped = 0;  ///< handed on without a unit
  std::uint64_t spikes = 0;           ///< SpikeInput events handed on
  std::uint64_t spikes_waited = 0;    ///< of those, came before the first frames of their run
  std::uint64_t ttl_edges = 0;
  std::uint64_t lfp_blocks = 0;        ///< LfpInput events handed on
  std::uint64_t epochs = 0, gaps = 0;  ///< source events kEpoch, kGap
};

/// Intan RHX's two data streams: bytes in, input events out. Pure: no I/O, no clock, no threads; no allocation after it
/// is made. The first event is SourceChange::kUp, with the first block of frames; spikes that come before it wait.
///
/// The waveform stream is the clock, tells gaps and new runs, and carries signals and digital lines in columns that
/// only the settings name. When a block has another number of columns than it should, the channel set was changed in
/// RHX: no column is used any more until set_columns says what they are now. If anything that is wanted stands in them,
/// that is told as SourceChange::kRefused, and its return as kUp.
class RhxReader {
 public:
  /// Throws std::invalid_argument for a source that is neither master nor has a mapping, and for a signal that
  /// this controller does not have or that is no voltage.
  explicit RhxReader(RhxReaderSettings settings);

  /// Bytes of the waveform socket (port 5001) as they came, received at `arrival_mono_ns`.
  void waveform(Bytes bytes, MonoNs arrival_mono_ns, EventSink& sink) noexcept;
  /// Bytes of the spike socket (port 5002). In any order with those of the other socket; arrivals do not fall.
  void spikes(Bytes bytes, MonoNs arrival_mono_ns, EventSink& sink) noexcept;

  /// A new connection of that port: half a block or chunk of the old one will not be completed.
  void waveform_connected() noexcept { waveform_.break_off(); }
  void spikes_connected() noexcept;
  /// Spikes do not come any more, while frames may go on: their silence is no evidence. Told as kGap with the next
  /// frames, again while it lasts, and once more when they are back.
  void spikes_lost() noexcept;
  /// They come again, on the same connection.
  void spikes_back() noexcept;
  /// Nobody read, or somebody else did: both streams go on somewhere else, and what happened meanwhile is unknown. The
  /// next frames begin an epoch, which disarms stimulation.
  void stalled() noexcept;

  /// Before the first block: a reader in an earlier process has read this run up to `next_sample`. The first frames are
  /// announced as kUp, what was missed in between as kGap; an epoch kRestart instead if they are of another run.
  void resume(SampleIndex next_sample) noexcept { clock_.resume(next_sample); }

  /// What the columns are from the next block on. At most kRhxMaxWords.
  void set_columns(std::span<const RhxChannel> columns) noexcept;
  /// Blocks have other columns than they should: ask RHX what it sends and tell set_columns.
  [[nodiscard]] bool columns_in_doubt() const noexcept { return in_doubt_; }
  /// Columns that the blocks have: what set_columns should be told as many of. 0 before the first block.
  [[nodiscard]] std::size_t words() const noexcept { return words_; }
  /// Voltages that are wanted and stand in no column.
  [[nodiscard]] std::size_t signals_without_column() const noexcept { return signals_.size() - wanted_.size(); }
  /// From the next block on; a change begins an epoch. 0: blocks are not used until it is known.
  void set_sample_rate(double rate_hz) noexcept { rate_hz_ = rate_hz; }

  [[nodiscard]] const RhxCounters& counters() const noexcept { return counters_; }
  [[nodiscard]] const RhxWaveformCounters& waveform_counters() const noexcept { return waveform_.counters(); }
  [[nodiscard]] const RhxSpikeCounters& spike_counters() const noexcept { return spikes_.counters(); }
  [[nodiscard]] std::size_t spikes_waiting() const noexcept { return waiting_count_; }
  /// Newest instant on the source's own clock that has arrived; 0 before the first block.
  [[nodiscard]] std::int64_t newest_own_ns() const noexcept { return clock_.newest_ns(); }
  [[nodiscard]] std::uint32_t epoch() const noexcept { return static_cast<std::uint32_t>(maker_.epochs()); }
  [[nodiscard]] double sample_rate_hz() const noexcept { return rate_hz_; }
  /// Sample that comes next if nothing gets lost; modulo 2^32 it is its timestamp.
  [[nodiscard]] SampleIndex next_sample() const noexcept { return clock_.next_sample(); }
  /// Samples that RHX is ahead of what has arrived, by its reply to `get CurrentTimestamp`. Negative when the reply is
  /// older than what has arrived, or of another run.
  [[nodiscard]] std::int64_t lag_samples(std::uint32_t current_timestamp) const noexcept;

 private:
  // What 5,000 spikes a second leave in a socket that nobody reads for 3 s, twice.
  static constexpr std::size_t kMaxWaiting = 32'768;
  static constexpr std::size_t kNoColumn = SIZE_MAX;

  /// A signal and where its words stand.
  struct Wanted {
    std::size_t signal = 0, column = 0;
    RhxScale scale;
    bool once_a_block = false;
  };
  struct StimColumn {
    RhxChannel channel;
    std::size_t column = 0;
    bool on = false;
  };
  struct WaitingSpike {
    RhxSpike spike;
    MonoNs arrival_mono_ns = 0;
  };
  /// Frames of a block that follow each other, on their way through.
  struct Stretch {
    const RhxBlock& block;
    std::size_t first, count;
    SampleIndex sample;  ///< of the first
    MonoNs arrival_mono_ns;
    EventSink& sink;
  };

  void block(const RhxBlock& block, MonoNs arrival_mono_ns, EventSink& sink) noexcept;
  void stretch(const Stretch& frames, const RhxStep& step) noexcept;
  [[nodiscard]] std::uint64_t missing(const Stretch& frames, const RhxStep& step) noexcept;
  [[nodiscard]] bool columns_known(const Stretch& frames) noexcept;
  void columns_use(const Stretch& frames) noexcept;
  void signal_block(const Stretch& frames, const Wanted& wanted) noexcept;
  void single_value(const Stretch& frames, const Wanted& wanted) noexcept;
  void digital_in(const Stretch& frames) noexcept;
  void digital_out(const Stretch& frames) noexcept;
  void stim(const Stretch& frames, StimColumn& stim) noexcept;
  void tell_output(const Stretch& frames, std::size_t frame, const RhxChannel& channel, std::uint16_t word,
                   bool on) noexcept;
  void spike(const RhxSpike& spike, MonoNs arrival_mono_ns, EventSink& sink) noexcept;
  void place(const RhxSpike& spike, MonoNs arrival_mono_ns, EventSink& sink) noexcept;
  void wait(const RhxSpike& spike, MonoNs arrival_mono_ns) noexcept;
  void release_waiting(EventSink& sink) noexcept;
  [[nodiscard]] Instant instant(SampleIndex sample, MonoNs arrival_mono_ns) const noexcept {
    return {sample, clock_.time_ns(sample), arrival_mono_ns};
  }

  RhxReaderSettings settings_;
  RhxWaveformParser waveform_;
  RhxSpikeParser spikes_;
  RhxClock clock_;
  ElectrodeTable electrodes_;
  SignalSet signals_;
  EventMaker maker_;
  double rate_hz_;

  std::vector<RhxChannel> signal_channels_;  ///< of settings_.signals
  std::vector<Wanted> wanted_;
  std::vector<StimColumn> stims_;
  std::size_t columns_ = 0;  ///< that blocks should have
  std::size_t digital_in_ = kNoColumn, digital_out_ = kNoColumn;
  std::size_t words_ = 0;
  std::uint64_t decimated_blocks_ = 0;
  bool in_doubt_ = false;
  bool refusal_told_ = false;
  // Words of the frame before; a change against nothing is no edge.
  std::uint16_t in_word_ = 0, out_word_ = 0;
  bool words_seen_ = false;

  enum class SpikeFlow : std::uint8_t { kFlows, kLost, kBack };
  SpikeFlow spike_flow_ = SpikeFlow::kFlows;
  SampleIndex spikes_told_ = 0;  ///< unless kFlows: that frames came without them is told up to here
  SampleIndex tell_again_ = 0;

  std::vector<WaitingSpike> waiting_;  ///< a ring
  std::size_t waiting_first_ = 0, waiting_count_ = 0;
  RhxCounters counters_;
};

}  // namespace vturn::ingest
