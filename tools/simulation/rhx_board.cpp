#include "tools/simulation/rhx_board.hpp"

#include <algorithm>

namespace vturn::simulation {
namespace {

constexpr std::array<const char*, kRhxBands> kEnableItems{"TCPDataOutputEnabled",     "TCPDataOutputEnabledLow",
                                                          "TCPDataOutputEnabledHigh", "TCPDataOutputEnabledSpike",
                                                          "TCPDataOutputEnabledDC",   "TCPDataOutputEnabledStim"};
constexpr std::array<const char*, kRhxBands> kBandNames{"WIDE", "LOW", "HIGH", "SPK", "DC", "STIM"};
constexpr std::size_t kDigitalLines = 16, kAnalogInputs = 8;

std::string numbered(const std::string& prefix, std::size_t number, std::size_t digits) {
  const std::string text = std::to_string(number);
  return prefix + std::string(digits - std::min(digits, text.size()), '0') + text;
}

std::vector<std::string> stimulus_sources() {
  std::vector<std::string> all;
  for (std::size_t i = 1; i <= kDigitalLines; ++i) all.push_back(numbered("DigitalIn", i, 2));
  for (std::size_t i = 1; i <= kAnalogInputs; ++i) all.push_back(numbered("AnalogIn", i, 2));
  for (std::size_t i = 1; i <= 8; ++i) all.push_back(numbered("KeyPressF", i, 1));
  return all;
}

void add_stimulus_items(std::vector<RhxItem>& items, RhxSignal signal, RhxRestriction restriction) {
  const int longest_us = signal == RhxSignal::kDigitalOut ? 100000 : 5000;
  items.push_back(RhxItem::truth("StimEnabled", false, restriction));
  items.push_back(RhxItem::choice("Source", stimulus_sources(), restriction));
  items.push_back(RhxItem::choice("TriggerEdgeOrLevel", {"Edge", "Level"}, restriction));
  items.push_back(RhxItem::choice("TriggerHighOrLow", {"High", "Low"}, restriction));
  items.push_back(RhxItem::choice("PulseOrTrain", {"SinglePulse", "PulseTrain"}, restriction));
  items.push_back(RhxItem::integer("NumberOfStimPulses", 2, 0, 256, restriction));
  items.push_back(RhxItem::integer("PulseTrainPeriodMicroseconds", 10000, 0, 1000000, restriction));
  items.push_back(RhxItem::integer("PostTriggerDelayMicroseconds", 0, 0, 500000, restriction));
  items.push_back(RhxItem::integer("RefractoryPeriodMicroseconds", 1000, 0, 1000000, restriction));
  items.push_back(RhxItem::integer("FirstPhaseDurationMicroseconds", 100, 0, longest_us, restriction));
  if (signal == RhxSignal::kDigitalOut) return;
  items.push_back(RhxItem::integer("SecondPhaseDurationMicroseconds", 100, 0, longest_us, restriction));
  if (signal == RhxSignal::kAmplifier) {
    items.push_back(RhxItem::integer("FirstPhaseAmplitudeMicroAmps", 0, 0, 2550, restriction));
    items.push_back(RhxItem::integer("SecondPhaseAmplitudeMicroAmps", 0, 0, 2550, restriction));
  }
  items.push_back(RhxItem::choice("Shape", {"Biphasic", "BiphasicWithInterphaseDelay", "Triphasic"}, restriction));
  items.push_back(RhxItem::choice("Polarity", {"NegativeFirst", "PositiveFirst"}, restriction));
}

}  // namespace

bool RhxChannel::streams(RhxBand band) const {
  const RhxItem* item = find_item(items, kEnableItems[static_cast<std::size_t>(band)]);
  return item != nullptr && item->is_true();
}

RhxBoard::RhxBoard(const RhxIdentity& identity, const std::vector<RhxPort>& ports) {
  const bool stimulates = identity.stimulates();
  const bool usb2 = identity.type == "ControllerRecordUSB2";
  for (const auto& port : ports) {
    const std::string prefix = std::string(1, port.letter) + "-";
    for (std::size_t i = 0; i < port.amplifiers; ++i) add(numbered(prefix, i, 3), RhxSignal::kAmplifier, stimulates);
    if (stimulates) continue;
    for (std::size_t i = 1; i <= 3; ++i) add(numbered(prefix + "AUX", i, 1), RhxSignal::kAux, false);
    add(prefix + "VDD1", RhxSignal::kVdd, false);
  }
  const std::size_t first = usb2 ? 0 : 1;
  const auto group = [&](const std::string& prefix, std::size_t count, std::size_t digits, RhxSignal signal) {
    for (std::size_t i = 0; i < count; ++i) add(numbered(prefix, first + i, digits), signal, stimulates);
  };
  group("ANALOG-IN-", kAnalogInputs, usb2 ? 2 : 1, RhxSignal::kAnalogIn);
  if (stimulates) group("ANALOG-OUT-", kAnalogInputs, 1, RhxSignal::kAnalogOut);
  group("DIGITAL-IN-", kDigitalLines, 2, RhxSignal::kDigitalIn);
  group("DIGITAL-OUT-", kDigitalLines, 2, RhxSignal::kDigitalOut);
}

void RhxBoard::add(const std::string& name, RhxSignal signal, bool stimulates) {
  RhxChannel channel{name, signal, {RhxItem::text("CustomChannelName", name)}};
  channel.items.push_back(RhxItem::truth(kEnableItems[0], false));
  if (signal == RhxSignal::kAmplifier) {
    for (std::size_t band = 1; band < (stimulates ? kRhxBands : 4); ++band)
      channel.items.push_back(RhxItem::truth(kEnableItems[band], false));
    channel.items.push_back(RhxItem::integer("SpikeThresholdMicroVolts", -70, -5000, 5000));
  }
  const bool output = signal == RhxSignal::kDigitalOut || signal == RhxSignal::kAnalogOut;
  if (output || signal == RhxSignal::kAmplifier) {
    add_stimulus_items(channel.items, signal, stimulates ? RhxRestriction::kNone : RhxRestriction::kStimControllerOnly);
  }
  channels_.push_back(std::move(channel));
}

RhxChannel* RhxBoard::find(std::string_view native_name) {
  const std::string lowered = lower_case(native_name);
  const auto at =
      std::find_if(channels_.begin(), channels_.end(), [&](const auto& c) { return lower_case(c.name) == lowered; });
  return at == channels_.end() ? nullptr : &*at;
}

void RhxBoard::work_out() const {
  if (known_) return;
  known_ = true;
  columns_.clear();
  spikes_.assign(channels_.size(), false);
  thresholds_uv_.assign(channels_.size(), 0);
  bool digital_in = false, digital_out = false;
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    const RhxChannel& channel = channels_[i];
    if (channel.signal == RhxSignal::kAmplifier) {
      thresholds_uv_[i] = find_item(channel.items, "SpikeThresholdMicroVolts")->number();
    }
    const bool in = channel.signal == RhxSignal::kDigitalIn, out = channel.signal == RhxSignal::kDigitalOut;
    for (std::size_t b = 0; b < kRhxBands; ++b) {
      const auto band = static_cast<RhxBand>(b);
      if (!channel.streams(band)) continue;
      if (band == RhxBand::kSpike) spikes_[i] = true;
      if (band == RhxBand::kSpike || (in && digital_in) || (out && digital_out)) continue;
      columns_.push_back({i, band});
      digital_in = digital_in || in;
      digital_out = digital_out || out;
    }
  }
}

const std::vector<RhxColumn>& RhxBoard::columns() const {
  work_out();
  return columns_;
}

const std::vector<bool>& RhxBoard::spike_channels() const {
  work_out();
  return spikes_;
}

int RhxBoard::spike_threshold_uv(std::size_t amplifier_channel) const {
  work_out();
  return thresholds_uv_[amplifier_channel];
}

bool RhxBoard::streams_anything() const {
  work_out();
  return !columns_.empty() || std::find(spikes_.begin(), spikes_.end(), true) != spikes_.end();
}

void RhxBoard::stream_nothing() {
  for (auto& channel : channels_) {
    for (const char* name : kEnableItems) {
      if (RhxItem* item = find_item(channel.items, name)) item->value = "False";
    }
  }
  changed();
}

std::string RhxBoard::column_name(const RhxColumn& column) const {
  const RhxChannel& channel = channels_[column.channel];
  if (channel.signal == RhxSignal::kDigitalIn) return "DIGITAL-IN word";
  if (channel.signal == RhxSignal::kDigitalOut) return "DIGITAL-OUT word";
  if (channel.signal != RhxSignal::kAmplifier) return channel.name;
  return channel.name + " " + kBandNames[static_cast<std::size_t>(column.band)];
}

}  // namespace vturn::simulation
