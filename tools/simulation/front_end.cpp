#include "tools/simulation/front_end.hpp"

#include <cmath>

namespace vturn::simulation {

FrontEnd::FrontEnd(double rate_hz) : rate_hz_(rate_hz), decimators_(Mouse::kChannels, ingest::Decimator(rate_hz)) {
  FeatureSettings settings;
  settings.theta = settings.slow = 0;
  settings.emg = 1;
  settings.motion = {2, 3, 4};
  extractor_.prepare(settings);
}

void FrontEnd::push(const Block& block, std::size_t channel) {
  LfpInput input{static_cast<std::uint16_t>(channel), 0, static_cast<float>(decimators_[channel].output_rate_hz()), {}};
  SessionNs first_ns = 0;
  for (std::size_t i = 0; i < block.samples; ++i) {
    const std::int64_t number = block.first_sample + static_cast<std::int64_t>(i);
    float value = 0.0F;
    if (!decimators_[channel].push(number, block.channels[channel][i], value)) continue;
    if (input.count == 0) first_ns = static_cast<SessionNs>(std::llround(static_cast<double>(number) / rate_hz_ * 1e9));
    input.samples[input.count++] = value;
    if (input.count == kMaxLfpSamples) flush(input, first_ns);
  }
  if (input.count > 0) flush(input, first_ns);
}

void FrontEnd::flush(LfpInput& input, SessionNs first_ns) {
  extractor_.push(input, first_ns);
  input.count = 0;
}

}  // namespace vturn::simulation
