// RHX's two streams, made as the input says with runs, gaps, changes of the channel set, stalls and damage, into the
// reader. Nothing may be lost uncounted; times and blocks have to keep their bounds.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "daemon/ingest/rhx_reader.hpp"

using namespace vturn;
using namespace vturn::ingest;

namespace {

constexpr std::size_t kMaxSteps = 32;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Of a stimulation controller and of a recording one.
using ColumnSets = std::array<RhxColumns, 4>;
const ColumnSets& column_sets(bool recording) {
  const auto set = [](RhxController controller, std::initializer_list<const char*> names) {
    RhxColumns channels;
    for (const char* name : names) channels.push_back(*parse_rhx_channel(name, controller));
    return rhx_columns(std::move(channels));
  };
  constexpr auto kRhs = RhxController::kStimRecord, kUsb3 = RhxController::kRecordUsb3;
  static const ColumnSets stim = {
      set(kRhs, {}), set(kRhs, {"A-000", "DIGITAL-IN-01"}), set(kRhs, {"A-001", "DIGITAL-OUT-01"}),
      set(kRhs, {"A-000", "A-000|LOW", "A-000|DC", "A-000|STIM", "ANALOG-IN-1", "DIGITAL-IN-01", "DIGITAL-OUT-01"})};
  static const ColumnSets record = {
      set(kUsb3, {"A-AUX1"}), set(kUsb3, {"A-000", "DIGITAL-IN-01"}), set(kUsb3, {"B-AUX1", "A-VDD1"}),
      set(kUsb3, {"A-000", "A-000|HIGH", "A-AUX1", "A-AUX2", "A-VDD1", "ANALOG-IN-1", "DIGITAL-IN-16"})};
  return recording ? record : stim;
}

class CheckingSink final : public EventSink, public RhxOutputSink {
 public:
  void event(const InputEvent& event, std::int64_t own_ns) noexcept override {
    require(given_++ > 0 || (event.kind == InputKind::kSource && event.payload.source.change == SourceChange::kUp));
    require(event.session_time_ns == own_ns && std::llabs(own_ns) <= 3'000'000'000 * kNsPerS);
    if (event.kind == InputKind::kSpike) ++spikes;
    if (event.kind == InputKind::kTtl) ++edges;
    if (event.kind == InputKind::kLfp) check(event.payload.lfp);
  }
  void output_edge(const RhxOutputEdge& edge) noexcept override {
    const bool stim = edge.channel.signal == RhxSignal::kStim;
    require(stim || edge.channel.number < 16);
    require(edge.on == (stim ? (edge.word & 0xFF) != 0 : ((edge.word >> edge.channel.number) & 1) != 0));
  }

  std::uint64_t spikes = 0, edges = 0, lfp_blocks = 0;

 private:
  void check(const LfpInput& block) noexcept {
    ++lfp_blocks;
    require(block.count >= 1 && block.count <= kMaxLfpSamples && block.rate_hz > 0);
    for (std::size_t i = 0; i < block.count; ++i) require(std::isfinite(block.samples[i]));
  }
  std::uint64_t given_ = 0;
};

RhxReaderSettings settings(RhxOutputSink& outputs, bool recording) {
  RhxReaderSettings all;
  all.controller = recording ? RhxController::kRecordUsb3 : RhxController::kStimRecord;
  all.sample_rate_hz = 20000;
  all.max_words = 8;
  all.units.pattern = "A-{}";
  all.units.first = 0;
  all.signals = {{0, "A-000", -1},
                 {1, "A-000|LOW", -1},
                 {2, recording ? "A-AUX1" : "A-000|DC", -1},
                 {3, "ANALOG-IN-1", -1},
                 {4, recording ? "A-VDD1" : "ANALOG-OUT-1", -1}};
  all.outputs = &outputs;
  return all;
}

class Run {
 public:
  explicit Run(bool recording) : sets_(column_sets(recording)), reader_(settings(sink_, recording)) {}

  void step(std::uint8_t what, std::uint8_t much) {
    switch (what % 16) {
      case 0:
        return waveform_cut(much);
      case 1:
        timestamp_ += much * 50U;
        return block();
      case 2:
        timestamp_ = much < 8 ? much * 100U : std::uint32_t{much} << 24;
        return block();
      case 3:
        words_ = much % 9;
        return block();
      case 4:
        return spike(timestamp_ + much * 4U, 1);
      case 5:
        return spike(timestamp_ - much * 16U, much);
      case 6:
        return spike(much, 1);
      case 7:
        now_ns_ += much * much * kNsPerMs;
        break;
      case 8:
        return reader_.stalled();
      case 9:
        words_ = sets_[much % 4].size();
        return reader_.set_columns(sets_[much % 4]);
      case 10:
        return reader_.set_sample_rate(much % 3 * 10000.0);
      case 11:
        much % 2 == 0 ? reader_.waveform_connected() : reader_.spikes_connected();
        break;
      case 12:
        bits_ = much;
        break;
      case 14:
        for (std::uint32_t i = 0; i < much; ++i) spike(timestamp_ + i, 1);
        break;
      case 15:
        return reader_.resume(SampleIndex{much} << (much % 40));
      default:
        return block();
    }
  }
  void finish() const {
    const RhxWaveformCounters& frames = reader_.waveform_counters();
    require(reader_.lag_samples(static_cast<std::uint32_t>(reader_.next_sample())) == 0);
    require(frames.bytes == waveform_bytes_ && frames.bytes >= frames.block_bytes + frames.bytes_skipped);
    const RhxSpikeCounters& chunks = reader_.spike_counters();
    require(chunks.spikes == spikes_);
    const RhxCounters& counters = reader_.counters();
    require(spikes_ ==
            counters.spike_artefacts + counters.spikes_unplaced + counters.spikes + reader_.spikes_waiting());
    require(counters.spikes == sink_.spikes && counters.ttl_edges == sink_.edges);
    require(counters.lfp_blocks == sink_.lfp_blocks && counters.epochs == reader_.epoch());
    require(counters.blocks_without_rate + counters.blocks_without_columns <= frames.blocks);
  }

 private:
  void put(std::uint32_t value, int size) {
    for (int i = 0; i < size; ++i) bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  /// The same bits in each word of the second half. Few and large writes: most of this target's time goes here.
  void make_block() {
    const std::size_t frame_bytes = 4 + 2 * words_;
    bytes_.assign(4 + kRhxFramesPerBlock * frame_bytes, 0);
    std::memcpy(bytes_.data(), &kRhxWaveformMagic, 4);
    std::uint8_t* frame = bytes_.data() + 4;
    for (std::size_t i = 0; i < kRhxFramesPerBlock; ++i, ++timestamp_, frame += frame_bytes) {
      std::memcpy(frame, &timestamp_, 4);
      if (i >= kRhxFramesPerBlock / 2) std::memset(frame + 4, static_cast<int>(bits_), 2 * words_);
    }
  }
  void block() {
    make_block();
    waveform(bytes_);
  }
  /// A block in two reads, without some of its bytes if `much` says so.
  void waveform_cut(std::uint8_t much) {
    make_block();
    const std::size_t cut = bytes_.size() * much / 256, lost = much % 4 == 0 ? much / 4U : 0U;
    waveform(Bytes(bytes_).first(cut));
    waveform(Bytes(bytes_).subspan(std::min(bytes_.size(), cut + lost)));
  }
  void waveform(Bytes bytes) {
    waveform_bytes_ += bytes.size();
    reader_.waveform(bytes, now_ns_ += 6 * kNsPerMs, sink_);
  }
  void spike(std::uint32_t timestamp, std::uint8_t id) {
    bytes_.clear();
    put(kRhxSpikeMagic, 4);
    for (const char letter : {'A', '-', '0', '0', static_cast<char>('0' + id % 10)})
      put(static_cast<std::uint8_t>(letter), 1);
    put(timestamp, 4);
    put(id, 1);
    ++spikes_;
    reader_.spikes(Bytes(bytes_).first(5), now_ns_, sink_);
    reader_.spikes(Bytes(bytes_).subspan(5), now_ns_, sink_);
  }

  const ColumnSets& sets_;
  CheckingSink sink_;
  RhxReader reader_;
  std::vector<std::uint8_t> bytes_;
  MonoNs now_ns_ = kNsPerS;
  std::uint32_t timestamp_ = 1500;
  std::size_t words_ = 0;
  std::uint32_t bits_ = 0;
  std::uint64_t spikes_ = 0, waveform_bytes_ = 0;
};

}  // namespace

/// Input: two bytes a step, what and how much; one more at the end makes it a recording controller.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Run run(size % 2 == 1);
  for (std::size_t i = 0; i + 1 < size && i < 2 * kMaxSteps; i += 2) run.step(data[i], data[i + 1]);
  run.finish();
  return 0;
}
