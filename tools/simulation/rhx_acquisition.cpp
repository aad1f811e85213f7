#include "tools/simulation/rhx_acquisition.hpp"

#include <algorithm>
#include <iterator>

namespace vturn::simulation {
namespace {

/// A block with what the controller's own outputs did.
class WithOutputs : public RhxBlock {
 public:
  WithOutputs(std::unique_ptr<RhxBlock> block, const RhxStimulator& stimulator)
      : RhxBlock(block->first_sample), block_(std::move(block)), stimulator_(stimulator) {
    spikes = std::move(block_->spikes);
  }
  void words(const RhxBoard& board, const RhxColumn& column, RhxWords& out) const override {
    block_->words(board, column, out);
    stimulator_.overlay(board, column, first_sample, out);
  }

 private:
  std::unique_ptr<RhxBlock> block_;
  const RhxStimulator& stimulator_;
};

}  // namespace

std::size_t RhxAcquisition::blocks_per_burst(const RhxIdentity& identity) {
  if (identity.playback) return 1;
  return identity.sample_rate_hz >= 30000 ? 8 : identity.sample_rate_hz >= 25000 ? 6 : 5;
}

void RhxAcquisition::begin_run(std::int64_t first_sample) {
  const std::int64_t first_timestamp = begun_.empty() ? settings_.first_timestamp : 0;
  begun_.push_back({first_sample, first_timestamp});
  runs_ = server_.state().runs;
  timestamp_offset_ = first_timestamp - first_sample;
  held_.clear();
  stimulator_.end_before(first_sample);
}

void RhxAcquisition::acquire(std::vector<std::unique_ptr<RhxBlock>> burst, Clock::time_point due) {
  auto& state = server_.state();
  if (!state.running() || burst.empty()) return;
  if (state.runs != runs_) begin_run(burst.front()->first_sample);
  const auto gap =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(settings_.seconds_between_blocks));
  for (auto& block : burst) {
    held_.push_back(std::make_unique<WithOutputs>(std::move(block), stimulator_));
    // Done with is what has a successor, written or not.
    state.last_timestamp = std::max(state.last_timestamp, held_.back()->first_sample + timestamp_offset_ - 1);
    const auto per_write = static_cast<std::size_t>(state.blocks_per_write());
    if (held_.size() <= per_write) continue;
    write(per_write, due);
    due += gap;
    if (!state.running()) return;
  }
}

void RhxAcquisition::write(std::size_t blocks, Clock::time_point due) {
  auto& state = server_.state();
  const std::span window(held_.data(), blocks);
  const std::int64_t end = window.back()->first_sample + static_cast<std::int64_t>(kRhxBlockFrames);
  const double end_s = static_cast<double>(end) / state.identity.sample_rate_hz;
  if (state.board.streams_anything() && server_.connected(RhxStream::kWaveform)) {
    server_.write(RhxStream::kWaveform, rhx_waveform_bytes(window, state.board, timestamp_offset_), end_s, due);
  }
  if (server_.connected(RhxStream::kSpike)) {
    server_.write(RhxStream::kSpike, rhx_spike_bytes(window, state.board, timestamp_offset_), end_s, due);
  }
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(blocks));
  stimulator_.forget_before(end);
}

std::vector<std::int64_t> RhxAcquisition::take_stimuli(
    const std::function<std::int64_t(const RhxKeyPress&)>& sample_of) {
  std::vector<std::int64_t> begun;
  for (const auto& key : std::exchange(server_.state().key_presses, {})) {
    if (const auto at = stimulator_.press(key, sample_of(key), server_.state())) begun.push_back(*at);
  }
  return begun;
}

}  // namespace vturn::simulation
