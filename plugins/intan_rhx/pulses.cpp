#include "plugins/intan_rhx/pulses.hpp"

#include <stdexcept>

namespace vturn::plugins {

using ingest::RhxController;
using ingest::RhxSignal;

namespace {

// A command that waits for RHX's window on a busy machine.
constexpr MonoNs kLatestBeginNs = 100 * kNsPerMs;
// Beyond what is known to last: the controller rounds, and a train's last pulse has a length.
constexpr std::int64_t kTrainMarginNs = 5 * kNsPerMs;

std::int64_t length_ns(const RhxPulseSettings& settings) noexcept {
  return static_cast<std::int64_t>(settings.pulse_ms * 1e6);
}

}  // namespace

ingest::RhxChannel parse_rhx_confirmation(const std::string& text) {
  const auto channel = ingest::parse_rhx_channel(text, RhxController::kStimRecord);
  if (!channel) throw std::invalid_argument(channel.error());
  if (channel->signal != RhxSignal::kDigitalOut && channel->signal != RhxSignal::kStim) {
    throw std::invalid_argument("\"" + text + "\" shows no pulse: expected DIGITAL-OUT-nn or A-nnn|STIM");
  }
  return *channel;
}

std::size_t RhxPulses::add(const RhxPulseSettings& settings, const vturn_host& host) {
  if (count_ == kMost) throw std::runtime_error("\"" + settings.name + "\": RHX has no more than 8 keys");
  auto output = std::make_unique<Output>();
  output->settings = settings;
  output->host = &host;
  output->command = "execute manualstimtriggerpulse " + settings.key + ";";
  output->confirm = parse_rhx_confirmation(settings.confirm);
  if (output->confirm.signal == RhxSignal::kDigitalOut) {
    // The word's edges come by bit.
    output->confirm.number = ingest::rhx_digital_line(output->confirm, RhxController::kStimRecord);
  }
  for (std::size_t i = 0; i < count_; ++i) {
    const Output& other = *outputs_[i];
    const bool shared = other.settings.key == settings.key || other.confirm == output->confirm ||
                        (!settings.channel.empty() && !other.settings.channel.empty() &&
                         parse_rhx_confirmation(settings.channel) == parse_rhx_confirmation(other.settings.channel));
    if (!shared) continue;
    throw std::runtime_error("\"" + settings.name + "\": key, channel or confirm is that of output \"" +
                             other.settings.name + "\"");
  }
  outputs_[count_] = std::move(output);
  return count_++;
}

std::int32_t RhxPulses::fire(std::size_t index, const vturn_pulse& pulse) noexcept {
  Output& output = *outputs_[index];
  if (!ready() || output.sent.write_available() < 2) return VTURN_RESULT_REFUSED;
  Sent sent{pulse.trigger_id, pulse.rule, output.host->mono_now_ns(output.host->context), true};
  // Before it goes out: its edge must find it.
  output.sent.push(sent);
  if (client_.try_execute(output.command)) {
    output.running_id = sent.trigger_id;
    output.over_ns = sent.mono_ns + kLatestBeginNs + length_ns(output.settings);
    return VTURN_RESULT_QUEUED;
  }
  sent.went_out = false;
  output.sent.push(sent);
  return VTURN_RESULT_REFUSED;
}

std::int32_t RhxPulses::stop(std::size_t index, std::uint32_t trigger_id) const noexcept {
  const Output& output = *outputs_[index];
  const bool over = output.running_id != trigger_id || output.host->mono_now_ns(output.host->context) >= output.over_ns;
  return over ? VTURN_RESULT_STOPPED : VTURN_RESULT_FAILED;
}

void RhxPulses::collect(Output& output) noexcept {
  Sent sent;
  while (output.count < output.awaited.size() && output.sent.pop(sent)) {
    if (sent.went_out) {
      output.awaited[(output.first + output.count++) % output.awaited.size()] = sent;
    } else if (output.count > 0) {
      --output.count;  // the one before it is the same pulse, which did not go out after all
    }
  }
}

void RhxPulses::settle(Output& output, std::int32_t result, MonoNs fired_ns, vturn_event event) noexcept {
  const Sent& sent = output.awaited[output.first];
  event.kind = VTURN_OUTPUT_RESULT;
  event.source = VTURN_NO_SOURCE;
  event.payload.output = {static_cast<std::uint8_t>(result), 0, sent.rule, sent.trigger_id, fired_ns};
  output.first = (output.first + 1) % output.awaited.size();
  --output.count;
  output.host->push(output.host->context, &event, 1);
}

SessionNs RhxPulses::session_time_ns(const ingest::RhxOutputEdge& edge) const noexcept {
  if (origin_.master) return edge.own_ns;
  return origin_.mapping.session_of(origin_.mapping.context, edge.own_ns, edge.arrival_mono_ns);
}

void RhxPulses::output_edge(const ingest::RhxOutputEdge& edge) noexcept {
  if (!edge.on) return;
  for (std::size_t i = 0; i < count_; ++i) {
    Output& output = *outputs_[i];
    if (!(edge.channel == output.confirm) || edge.own_ns < output.train_until_ns) continue;
    output.train_until_ns = edge.own_ns + length_ns(output.settings) + kTrainMarginNs;
    collect(output);
    if (output.count == 0) {
      ++foreign_;
    } else {
      vturn_event event{};
      event.session_time_ns = session_time_ns(edge);
      event.source_sample = edge.sample;
      event.arrival_mono_ns = edge.arrival_mono_ns;
      settle(output, VTURN_RESULT_FIRED, output.awaited[output.first].mono_ns, event);
    }
  }
}

void RhxPulses::service(MonoNs now_ns) noexcept {
  for (std::size_t i = 0; i < count_; ++i) {
    Output& output = *outputs_[i];
    collect(output);
    while (output.count > 0 && now_ns - output.awaited[output.first].mono_ns > kConfirmNs) {
      ++unconfirmed_;
      vturn_event event{};
      event.arrival_mono_ns = now_ns;
      std::int64_t uncertainty_ns = 0;
      output.host->clock_map(output.host->context, now_ns, &event.session_time_ns, &uncertainty_ns);
      settle(output, VTURN_RESULT_FAILED, now_ns, event);
    }
  }
}

}  // namespace vturn::plugins
