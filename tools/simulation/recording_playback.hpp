#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tools/recordings/recording.hpp"
#include "tools/simulation/player.hpp"
#include "tools/simulation/publisher.hpp"

namespace vturn::simulation {

struct RecordingPlaybackSettings {
  std::string address = "tcp://127.0.0.1:5556";
  std::string stream;                 ///< of the recording; empty = its first
  std::vector<std::string> channels;  ///< empty = all of the stream
  bool no_channels = false;           ///< spikes and TTL alone, as a ZMQ Interface without channels sends
  double linger_s = 10.0;
};

/// A recording on disk as the Open Ephys GUI would stream it live: one stream's channels, the spikes and the TTL edges
/// on its clock, with the recorded sample numbers, in blocks of 10 ms. A block is due when its last sample was taken.
/// Before a block's data come its edges, then its spikes, electrode by electrode. Spikes that RHX marked as artefacts
/// are left out.
class RecordingPlayback : public Playback {
 public:
  RecordingPlayback(std::unique_ptr<recordings::Recording> recording, const RecordingPlaybackSettings& settings);

  [[nodiscard]] std::string announcement() const override { return publisher_.endpoint(); }
  [[nodiscard]] const char* awaits() const override { return "a subscriber"; }
  void serve_until(Clock::time_point end) override;
  [[nodiscard]] bool ready() override { return publisher_.subscribers() > 0; }
  [[nodiscard]] std::uint64_t pieces() const override { return blocks_; }
  [[nodiscard]] double duration_s() const override;
  [[nodiscard]] std::optional<double> next_s() const override;
  bool send_next() override;
  void report(tools::Json& summary) const override;

 private:
  struct Block {
    std::int64_t first_frame = 0, frames = 0;
    SampleIndex first_sample = 0;
  };

  void choose_stream(const RecordingPlaybackSettings& settings);
  void choose_channels(const RecordingPlaybackSettings& settings);
  void load_events();
  void make_runs();
  [[nodiscard]] const recordings::Timeline& clock() const { return recording_->info().timelines[timeline_]; }
  [[nodiscard]] std::optional<Block> block() const;
  bool send_edges(SampleIndex end);
  bool send_spikes(SampleIndex end);
  bool send_spike(const recordings::RecordedSpike& spike);
  bool send_data(const Block& block);
  bool send(std::string_view envelope, const std::string& header, std::span<const std::uint8_t> payload);

  std::unique_ptr<recordings::Recording> recording_;
  std::optional<std::size_t> stream_;  ///< none when only spikes and edges were recorded
  std::size_t timeline_ = 0;
  std::string stream_name_;
  std::vector<std::size_t> channels_;
  std::vector<recordings::Run> runs_;
  std::vector<recordings::RecordedSpike> spikes_;
  std::vector<recordings::TtlEdge> edges_;
  std::int64_t block_frames_ = 0;
  std::uint64_t blocks_ = 0;
  std::size_t run_ = 0, spike_ = 0, edge_ = 0;
  std::int64_t in_run_ = 0;
  std::uint64_t lines_word_ = 0;
  std::int64_t message_num_ = 0;
  std::uint64_t spikes_sent_ = 0, edges_sent_ = 0;
  std::vector<float> samples_;
  ZmqContext context_;
  Publisher publisher_;
};

}  // namespace vturn::simulation
