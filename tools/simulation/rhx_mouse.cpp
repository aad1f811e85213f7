#include "tools/simulation/rhx_mouse.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <tuple>

namespace vturn::simulation {
namespace {

constexpr std::int64_t kDeadSamples = 51, kDeadAcrossSeam = 50;
constexpr std::int64_t kTroughAfter = 2, kWaveSamples = 40;
constexpr double kNoiseUv = 8.0, kMicrovoltsPerBit = 0.195;
constexpr std::size_t kNoiseSamples = 16384;
constexpr std::size_t kPortStep = 32, kAuxAxes = 3, kLfp = 0, kEmg = 1, kFirstAxis = 2;

std::size_t rounded_up(std::size_t value, std::size_t step) { return (value + step - 1) / step * step; }

struct Capacity {
  std::size_t ports, channels;
};
Capacity capacity_of(const RhxIdentity& identity) {
  if (identity.stimulates()) return {4, 32};
  return identity.type == "ControllerRecordUSB2" ? Capacity{4, 64} : Capacity{8, 128};
}

/// A spike, by samples since its crossing, as a share of its amplitude. It begins with the crossing: nothing before it
/// is beyond a threshold.
const std::array<double, kWaveSamples>& spike_shape() {
  static const auto shape = [] {
    std::array<double, kWaveSamples> out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
      const double x = static_cast<double>(i) - static_cast<double>(kTroughAfter);
      out[i] = -std::exp(-x * x / 18.0) + 0.3 * std::exp(-(x - 12.0) * (x - 12.0) / 60.0);
    }
    return out;
  }();
  return shape;
}

/// What the electrodes gave in one burst; shared by its blocks.
struct Burst {
  struct Wave {
    std::size_t channel;
    std::int64_t sample;
    double amplitude_uv;
  };
  std::int64_t first_sample;
  std::vector<std::vector<float>> signals;  ///< of Mouse::channel_names()
  std::vector<Wave> waves;                  ///< by channel
  std::shared_ptr<const std::vector<std::int16_t>> noise;
  std::size_t lfp_channel, first_analog_in;
  std::int64_t rate_hz;
  const RhxIdentity* identity;
};

class MouseBlock : public RhxBlock {
 public:
  MouseBlock(std::int64_t first, std::shared_ptr<const Burst> burst)
      : RhxBlock(first), burst_(std::move(burst)), offset_(static_cast<std::size_t>(first - burst_->first_sample)) {}

  void words(const RhxBoard& board, const RhxColumn& column, RhxWords& out) const override {
    const RhxChannel& channel = board.channels()[column.channel];
    if (channel.signal == RhxSignal::kAmplifier && column.band <= RhxBand::kHigh) return amplifier(column, out);
    if (channel.signal == RhxSignal::kAux) return aux(static_cast<std::size_t>(channel.name.back() - '1'), out);
    if (channel.signal == RhxSignal::kDigitalIn) return pulses(out);
    const std::size_t axis = column.channel - burst_->first_analog_in;
    const bool wired = channel.signal == RhxSignal::kAnalogIn && axis < kAuxAxes && burst_->identity->stimulates();
    wired ? analog_in(axis, out) : out.fill(rhx_resting_word(*burst_->identity, board, column));
  }

 private:
  void amplifier(const RhxColumn& column, RhxWords& out) const {
    // RHX's filters leave the slow part in LOW (LFP) and the fast part in HIGH (EMG, spikes).
    if (column.channel == burst_->lfp_channel && column.band != RhxBand::kHigh) return signal(kLfp, out);
    if (column.channel == burst_->lfp_channel + 1 && column.band != RhxBand::kLow) return signal(kEmg, out);
    if (column.band == RhxBand::kLow) return out.fill(rhx_amplifier_word(0.0));
    noise(column.channel, out);
    spikes_of(column.channel, out);
  }

  void signal(std::size_t which, RhxWords& out) const {
    const float* const uv = burst_->signals[which].data() + offset_;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = rhx_amplifier_word(static_cast<double>(uv[i]));
  }

  void noise(std::size_t channel, RhxWords& out) const {
    const std::size_t begin = (static_cast<std::size_t>(first_sample) * 7 + channel * 977) % kNoiseSamples;
    const std::int16_t* const words = burst_->noise->data() + begin;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint16_t>(32768 + words[i]);
  }

  void spikes_of(std::size_t channel, RhxWords& out) const {
    const auto [begin, end] = std::equal_range(burst_->waves.begin(), burst_->waves.end(), Burst::Wave{channel, 0, 0.0},
                                               [](const auto& a, const auto& b) { return a.channel < b.channel; });
    const auto& shape = spike_shape();
    const auto block_end = first_sample + static_cast<std::int64_t>(out.size());
    for (auto wave = begin; wave != end; ++wave) {
      const auto last = std::min(wave->sample + kWaveSamples, block_end);
      for (auto sample = std::max(wave->sample, first_sample); sample < last; ++sample) {
        auto& word = out[static_cast<std::size_t>(sample - first_sample)];
        const double uv = wave->amplitude_uv * shape[static_cast<std::size_t>(sample - wave->sample)];
        word = static_cast<std::uint16_t>(std::clamp(word + std::lround(uv / kMicrovoltsPerBit), 0L, 65535L));
      }
    }
  }

  /// Of the three auxiliary inputs one is sampled at a time: each four samples.
  void aux(std::size_t axis, RhxWords& out) const {
    const float* const volts = burst_->signals[kFirstAxis + axis].data() + offset_;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = rhx_aux_word(static_cast<double>(volts[i / 4 * 4]));
  }

  void analog_in(std::size_t axis, RhxWords& out) const {
    const float* const volts = burst_->signals[kFirstAxis + axis].data() + offset_;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = rhx_analog_word(static_cast<double>(volts[i]));
  }

  void pulses(RhxWords& out) const {
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::int64_t phase = (first_sample + static_cast<std::int64_t>(i)) % burst_->rate_hz - burst_->rate_hz / 2;
      out[i] = phase >= 0 && phase < burst_->rate_hz / 100 ? 1 : 0;
    }
  }

  std::shared_ptr<const Burst> burst_;
  std::size_t offset_;
};

std::vector<std::size_t> channels_of(const RhxBoard& board, RhxSignal signal) {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < board.channels().size(); ++i) {
    if (board.channels()[i].signal == signal) all.push_back(i);
  }
  return all;
}

std::size_t first_of_last_port(const RhxBoard& board, const std::vector<std::size_t>& amplifiers) {
  const char letter = board.channels()[amplifiers.back()].name[0];
  return *std::find_if(amplifiers.begin(), amplifiers.end(),
                       [&](std::size_t i) { return board.channels()[i].name[0] == letter; });
}

}  // namespace

std::vector<RhxPort> rhx_mouse_ports(const MouseSettings& mouse, const RhxMouseSettings& settings,
                                     const RhxIdentity& identity) {
  const Capacity capacity = capacity_of(identity);
  const std::size_t full = settings.port_channels > 0 ? settings.port_channels : capacity.channels;
  std::vector<RhxPort> ports;
  for (std::size_t left = std::max(mouse.units(), settings.amplifiers); left > 0; left -= std::min(left, full)) {
    ports.push_back({static_cast<char>('A' + ports.size()), std::min(full, rounded_up(left, kPortStep))});
  }
  ports.push_back({static_cast<char>('A' + ports.size()), std::min(full, kPortStep)});
  if (ports.size() <= capacity.ports) return ports;
  throw std::runtime_error("a " + identity.type + " has " + std::to_string(capacity.ports) + " ports; " +
                           std::to_string(std::max(mouse.units(), settings.amplifiers)) + " amplifiers, " +
                           std::to_string(full) + " a port, and the port of the LFP and EMG electrodes need " +
                           std::to_string(ports.size()));
}

RhxMouse::RhxMouse(const MouseSettings& mouse, const RhxMouseSettings& settings, const RhxState& state)
    : state_(state),
      heard_(std::max(mouse.units(), settings.amplifiers)),
      rate_hz_(mouse.rate_hz),
      random_(mouse.seed * 1000003 + mouse.life, 12),
      amplifiers_(channels_of(state.board, RhxSignal::kAmplifier)),
      lfp_channel_(first_of_last_port(state.board, amplifiers_)),
      first_analog_in_(channels_of(state.board, RhxSignal::kAnalogIn).front()),
      silent_until_(state.board.channels().size(), std::numeric_limits<std::int64_t>::min()) {
  for (std::size_t unit = 0; unit < mouse.units(); ++unit) amplitudes_uv_.push_back(random_.uniform(150.0, 250.0));
  // Longer by a block, so that a block's noise lies in it in one piece.
  auto noise = std::make_shared<std::vector<std::int16_t>>(kNoiseSamples + kRhxBlockFrames);
  for (auto& word : *noise) {
    word = static_cast<std::int16_t>(std::lround(kNoiseUv / kMicrovoltsPerBit * random_.normal()));
  }
  noise_ = std::move(noise);
  for (const auto& [train, hz] :
       {std::pair{&background_, settings.background_hz}, std::pair{&artefacts_, settings.artefact_hz}}) {
    train->mean_samples = hz > 0.0 ? rate_hz_ / hz : 0.0;
    train->next_sample = hz > 0.0 ? random_.exponential(train->mean_samples) : 0.0;
  }
}

void RhxMouse::add_unit_spikes(const Block& block) {
  const auto last = block.first_sample + static_cast<std::int64_t>(block.samples) - 1;
  for (const auto& spike : block.spikes) {
    const auto sample = static_cast<std::int64_t>(std::floor(spike.time_s * rate_hz_));
    crossings_.push_back(
        {amplifiers_[spike.unit], std::clamp(sample, block.first_sample, last), amplitudes_uv_[spike.unit]});
  }
}

void RhxMouse::add_train(Train& train, double end_sample, double low_uv, double high_uv) {
  if (train.mean_samples <= 0.0) return;
  for (; train.next_sample < end_sample; train.next_sample += random_.exponential(train.mean_samples)) {
    const std::size_t channel = amplifiers_[random_.bits() % heard_];
    crossings_.push_back({channel, static_cast<std::int64_t>(train.next_sample), random_.uniform(low_uv, high_uv)});
  }
}

std::uint8_t RhxMouse::id_of(const Crossing& crossing) const {
  const bool suppressed = find_item(state_.globals, "ArtifactSuppressionEnabled")->is_true();
  const int limit_uv = find_item(state_.globals, "ArtifactSuppressionThresholdMicroVolts")->number();
  return suppressed && crossing.amplitude_uv > limit_uv ? kRhxArtefact : kRhxCrossing;
}

void RhxMouse::detect(std::vector<std::unique_ptr<RhxBlock>>& blocks, std::int64_t first_sample) {
  for (const auto& crossing : crossings_) {
    if (crossing.sample < first_sample || crossing.sample < silent_until_[crossing.channel]) continue;
    const double threshold_uv = state_.board.spike_threshold_uv(crossing.channel);
    if (threshold_uv >= 0.0 || crossing.amplitude_uv * spike_shape()[0] >= threshold_uv) continue;
    const auto in_burst = static_cast<std::size_t>(crossing.sample - first_sample);
    const auto block = in_burst / kRhxBlockFrames;
    const bool seam = in_burst % kRhxBlockFrames + kDeadAcrossSeam >= kRhxBlockFrames;
    silent_until_[crossing.channel] = crossing.sample + (seam ? kDeadAcrossSeam : kDeadSamples);
    blocks[block]->spikes.push_back({crossing.channel, crossing.sample, id_of(crossing)});
  }
}

std::vector<std::unique_ptr<RhxBlock>> RhxMouse::blocks(const Block& block) {
  const auto end = block.first_sample + static_cast<std::int64_t>(block.samples);
  std::erase_if(crossings_, [&](const Crossing& c) { return c.sample + kWaveSamples <= block.first_sample; });
  add_unit_spikes(block);
  add_train(background_, static_cast<double>(end), 150.0, 200.0);
  add_train(artefacts_, static_cast<double>(end), 4000.0, 4000.0);
  std::sort(crossings_.begin(), crossings_.end(), [](const Crossing& a, const Crossing& b) {
    return std::tie(a.sample, a.channel) < std::tie(b.sample, b.channel);
  });

  auto burst = std::make_shared<Burst>();
  burst->first_sample = block.first_sample;
  burst->signals = block.channels;
  for (const auto& c : crossings_) burst->waves.push_back({c.channel, c.sample, c.amplitude_uv});
  std::stable_sort(burst->waves.begin(), burst->waves.end(),
                   [](const auto& a, const auto& b) { return a.channel < b.channel; });
  burst->noise = noise_;
  burst->lfp_channel = lfp_channel_;
  burst->first_analog_in = first_analog_in_;
  burst->rate_hz = static_cast<std::int64_t>(rate_hz_);
  burst->identity = &state_.identity;

  std::vector<std::unique_ptr<RhxBlock>> blocks;
  for (auto first = block.first_sample; first < end; first += static_cast<std::int64_t>(kRhxBlockFrames)) {
    blocks.push_back(std::make_unique<MouseBlock>(first, burst));
  }
  detect(blocks, block.first_sample);
  return blocks;
}

const std::string& RhxMouse::name_of_unit(std::size_t unit) const {
  return state_.board.channels()[amplifiers_[unit]].name;
}
const std::string& RhxMouse::name_of_lfp() const { return state_.board.channels()[lfp_channel_].name; }
const std::string& RhxMouse::name_of_emg() const { return state_.board.channels()[lfp_channel_ + 1].name; }

}  // namespace vturn::simulation
