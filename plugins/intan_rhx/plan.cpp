#include "plugins/intan_rhx/plan.hpp"

#include <cmath>
#include <stdexcept>
#include <string_view>

namespace vturn::plugins {
namespace {

using ingest::RhxChannel;
using ingest::RhxController;
using ingest::RhxSignal;

std::string_view switch_of(RhxSignal signal) {
  switch (signal) {
    case RhxSignal::kLow:
      return ".TCPDataOutputEnabledLow";
    case RhxSignal::kHigh:
      return ".TCPDataOutputEnabledHigh";
    case RhxSignal::kSpike:
      return ".TCPDataOutputEnabledSpike";
    case RhxSignal::kDc:
      return ".TCPDataOutputEnabledDC";
    case RhxSignal::kStim:
      return ".TCPDataOutputEnabledStim";
    default:
      return ".TCPDataOutputEnabled";
  }
}

class Maker {
 public:
  Maker(const RhxSettings& settings, RhxController controller) : settings_(settings), controller_(controller) {}

  void spikes() {
    for (const std::string& name : settings_.spike_channels) {
      enable(parse(name + "|SPK"));
      const auto own = settings_.thresholds_uv.find(name);
      const double threshold = own == settings_.thresholds_uv.end() ? settings_.threshold_uv : own->second;
      if (threshold != 0) set(name + ".SpikeThresholdMicroVolts", std::lround(threshold));
    }
  }
  void signals() {
    for (const auto& signal : settings_.reader.signals) enable(parse(signal.channel_name));
    for (const std::string& channel : settings_.waveform_channels) enable(parse(channel));
    if (settings_.digital_in)
      enable(parse(controller_ == RhxController::kRecordUsb2 ? "DIGITAL-IN-00" : "DIGITAL-IN-01"));
  }
  void pulse(const RhxPulseSettings& output) {
    if (controller_ != RhxController::kStimRecord) {
      throw std::runtime_error("output \"" + output.name +
                               "\": this is no RHS controller, and RHX has no other output");
    }
    enable(parse_rhx_confirmation(output.confirm));
    if (output.channel.empty()) return;
    const std::string& channel = output.channel;
    plan_.commands.push_back("set " + channel + ".StimEnabled true");
    plan_.commands.push_back("set " + channel + ".Source KeyPress" + output.key);
    plan_.commands.push_back("set " + channel + ".TriggerEdgeOrLevel Edge");
    plan_.commands.push_back("set " + channel + ".PulseOrTrain SinglePulse");
    set(channel + ".PostTriggerDelayMicroseconds", 0);
    set(channel + ".FirstPhaseDurationMicroseconds", std::lround(output.pulse_ms * 1000.0));
    set(channel + ".RefractoryPeriodMicroseconds", 1000);
    plan_.uploads.push_back(channel);
  }
  RhxPlan finish() {
    plan_.columns = ingest::rhx_columns(std::move(enabled_));
    plan_.hash = 14695981039346656037ULL;
    for (const std::string& command : plan_.commands) {
      for (const char letter : command + ";") {
        plan_.hash = (plan_.hash ^ static_cast<std::uint8_t>(letter)) * 1099511628211ULL;
      }
    }
    return std::move(plan_);
  }

 private:
  RhxChannel parse(const std::string& text) const {
    const auto channel = ingest::parse_rhx_channel(text, controller_);
    if (!channel) throw std::runtime_error(channel.error());
    return *channel;
  }
  void enable(const RhxChannel& channel) {
    enabled_.push_back(channel);
    const std::string name = ingest::rhx_native_name(channel, controller_);
    plan_.commands.push_back("set " + name + std::string(switch_of(channel.signal)) + " true");
  }
  void set(const std::string& parameter, long value) {
    plan_.commands.push_back("set " + parameter + " " + std::to_string(value));
  }

  const RhxSettings& settings_;
  RhxController controller_;
  std::vector<RhxChannel> enabled_;
  RhxPlan plan_;
};

}  // namespace

RhxPlan make_rhx_plan(const RhxSettings& settings, const RhxPulses& pulses, RhxController controller) {
  Maker maker(settings, controller);
  maker.spikes();
  maker.signals();
  for (std::size_t i = 0; i < pulses.size(); ++i) maker.pulse(pulses.settings(i));
  return maker.finish();
}

}  // namespace vturn::plugins
