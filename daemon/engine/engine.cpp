#include "daemon/engine/engine.hpp"

#include <algorithm>

namespace vturn {
namespace {

SessionOutput& session_output(OutputBuffer& out, const InputEvent& event, SessionChange change) noexcept {
  OutputEvent& output = out.add(OutputKind::kSession, event.session_time_ns, event.source_sample);
  output.payload.session = SessionOutput{change, VetoReason::kNone, event.source, 0, 0, 0};
  return output.payload.session;
}

}  // namespace

void Engine::prepare(const EngineSettings& settings) {
  heading_.prepare(settings);
  sleep_.prepare(settings);
  trigger_.prepare(settings.trigger);
  stimulus_blank_ns_ = settings.stimulus_blank_ns;
  sleep_sources_ = settings.sleep_sources;
}

void Engine::step(const InputEvent& event, OutputBuffer& out) noexcept {
  if (inputs_++ == 0) session_output(out, event, SessionChange::kStart);
  session_ns_ = std::max(session_ns_, event.session_time_ns);
  const std::size_t before = out.events().size();
  // Interlocks first: what this input forbids must hold for what it decides.
  trigger_.input(event, out);
  decode(event, out);
  observe(event, out);
  blank_stimuli(out, before);
}

void Engine::blank_stimuli(const OutputBuffer& out, std::size_t from) noexcept {
  for (std::size_t i = from; i < out.events().size(); ++i) {
    const OutputEvent& output = out.events()[i];
    // A sham as well: what follows must not tell the arms apart, neither to the sleep filter nor to a blinded reader.
    if (output.kind != OutputKind::kTrigger) continue;
    const auto pulse_ns = static_cast<SessionNs>(static_cast<double>(output.payload.trigger.pulse_ms) * 1e6);
    sleep_.blank(output.session_time_ns, output.session_time_ns + pulse_ns + stimulus_blank_ns_);
  }
}

void Engine::decode(const InputEvent& event, OutputBuffer& out) noexcept {
  switch (event.kind) {
    case InputKind::kSpike:
      ++spikes_;
      heading_.spike(event, out);
      sleep_.spike(event.session_time_ns);
      sleep_.heading(heading_.window());
      break;
    case InputKind::kLfp:
      sleep_.lfp(event, out);
      heading_.sleep_state(sleep_.state());
      break;
    case InputKind::kTick:
      heading_.silence(event.session_time_ns, event.source_sample, out);
      sleep_.heading(heading_.window());
      sleep_.tick(event, out);
      heading_.sleep_state(sleep_.state());
      break;
    case InputKind::kTtl:
      ++ttl_edges_;
      break;
    case InputKind::kSource:
      source_changed(event, out);
      break;
    case InputKind::kCommand:
      command(event, out);
      break;
    case InputKind::kHeading:
      heading_.tracked(event, out);
      break;
    case InputKind::kOutputResult:
    case InputKind::kRecorder:
      break;
  }
}

void Engine::command(const InputEvent& event, OutputBuffer& out) noexcept {
  const CommandInput& command = event.payload.command;
  const auto tell = [&](SessionChange change) { session_output(out, event, change).request = command.request; };
  switch (command.command) {
    case CommandKind::kNote:
      if (command.more == 0) tell(SessionChange::kNote);
      break;
    case CommandKind::kShutdown:
      tell(SessionChange::kStop);
      break;
    case CommandKind::kLoadModel:
      load_model(event, out);
      break;
    case CommandKind::kCalibrateStart:
      tell(SessionChange::kCalibrationStarted);
      break;
    case CommandKind::kCalibrateStop:
      tell(SessionChange::kCalibrationStopped);
      break;
    case CommandKind::kArm:
    case CommandKind::kDisarm:
    case CommandKind::kSelfTest:
    case CommandKind::kAcknowledgeNoMotion:
      break;  // the trigger's
  }
}

void Engine::load_model(const InputEvent& event, OutputBuffer& out) noexcept {
  if (offered_ != nullptr) heading_.exchange(*offered_);
  offered_ = nullptr;
  SessionOutput& told = session_output(out, event, SessionChange::kModelLoaded);
  told.request = event.payload.command.request;
  told.value_ns = event.payload.command.value_ns;
}

void Engine::source_changed(const InputEvent& event, OutputBuffer& out) noexcept {
  const SourceInput& source = event.payload.source;
  switch (source.change) {
    case SourceChange::kUp:
      session_output(out, event, SessionChange::kSourceUp);
      break;
    case SourceChange::kDown:
    case SourceChange::kRefused:
      session_output(out, event, SessionChange::kSourceDown);
      interrupt_sleep(event, out);
      break;
    case SourceChange::kEpoch:
      session_output(out, event, SessionChange::kEpoch).count = source.epoch;
      if (source.carries_spikes != 0) heading_.reset();
      interrupt_sleep(event, out);
      break;
    case SourceChange::kGap:
    case SourceChange::kOverflow:
      session_output(out, event, SessionChange::kGap).count = source.count;
      interrupt_sleep(event, out);
      break;
    case SourceChange::kClock:
      break;
  }
}

bool Engine::feeds_sleep(const InputEvent& event) const noexcept {
  // A tracker's trouble says nothing about the signals that sleep is read from; units are signals too.
  const SourceInput& source = event.payload.source;
  const bool by_rig = event.source < kMaxSources && (sleep_sources_ >> event.source & 1U) != 0;
  return by_rig || source.carries_spikes != 0 || source.carries_motion != 0;
}

void Engine::interrupt_sleep(const InputEvent& event, OutputBuffer& out) noexcept {
  if (!feeds_sleep(event)) return;
  sleep_.gap(session_ns_, event.source_sample, out);
  heading_.sleep_state(sleep_.state());
}

void Engine::observe(const InputEvent& event, OutputBuffer& out) noexcept {
  // By index: what the trigger adds while observing is its own and needs no second look.
  const std::size_t decoded = out.events().size();
  for (std::size_t i = 0; i < decoded; ++i) {
    const OutputEvent output = out.events()[i];
    switch (output.kind) {
      case OutputKind::kHeading:
      case OutputKind::kSleep:
      case OutputKind::kTurn:
      case OutputKind::kPopulation:
        trigger_.observe(output, event, out);
        break;
      default:
        break;
    }
  }
}

}  // namespace vturn
