#include "tools/simulation/falcon_wire.hpp"

#include <falcon_output_generated.h>

#include <algorithm>
#include <array>

namespace vturn::simulation {

std::vector<std::uint8_t> falcon_bytes(const FalconFields& f) {
  flatbuffers::FlatBufferBuilder builder;
  const auto samples = builder.CreateVector(f.samples.data(), f.samples.size());
  const auto codes = builder.CreateVector(f.event_codes.data(), f.event_codes.size());
  const auto stream = builder.CreateString(f.stream.data(), f.stream.size());
  builder.Finish(falcon::CreateContinuousData(builder, samples, codes, stream, f.n_channels, f.n_samples, f.sample_num,
                                              f.timestamp, f.message_id, f.sample_rate));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

FalconWire::FalconWire(const MouseSettings& mouse, const WireSettings& settings)
    : GuiWire(mouse.rate_hz, settings.faults), settings_(settings) {}

void FalconWire::write_codes(const Block& block) {
  codes_.resize(block.samples);
  auto from = codes_.begin();
  for (const auto& edge : gui_pulses(block.first_sample, block.samples, rate_hz())) {
    const auto at = codes_.begin() + (edge.sample - block.first_sample);
    if (at > from) std::fill(from, at - 1, word_);
    from = at;
    word_ = static_cast<std::uint16_t>(edge.word);
  }
  std::fill(from, codes_.end(), word_);
}

void FalconWire::block_messages(const Block& block, SendTime time) {
  write_codes(block);
  samples_.clear();
  for (const auto channel : settings_.channels) {
    samples_.insert(samples_.end(), block.channels[channel].begin(), block.channels[channel].end());
  }
  const auto bytes = falcon_bytes(
      {samples_, codes_, settings_.stream, static_cast<std::uint32_t>(settings_.channels.size()),
       static_cast<std::uint32_t>(block.samples), static_cast<std::uint64_t>(block.first_sample + sample_offset()),
       time.monotonic_s, ++message_id_, static_cast<std::uint32_t>(rate_hz())});
  const std::array<Bytes, 1> parts{bytes};
  emit(parts, block.first_sample + static_cast<std::int64_t>(block.samples));
}

}  // namespace vturn::simulation
