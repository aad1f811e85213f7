#include "daemon/pipeline/decision_loop.hpp"

#include <algorithm>

#include "daemon/rt/clock.hpp"

namespace vturn {
namespace {

InputEvent own_event(InputKind kind, const InputEvent& after) noexcept {
  InputEvent event;
  event.kind = kind;
  event.session_time_ns = after.session_time_ns;
  event.source_sample = after.source_sample;
  event.arrival_mono_ns = after.now_mono_ns;
  event.now_mono_ns = after.now_mono_ns;
  return event;
}

MonoNs parsed_ns(const InputEvent& event) noexcept { return event.arrival_mono_ns + event.parse_delay_ns; }

/// Time of the last thing in the event: a block of samples reaches beyond its first one.
SessionNs newest_ns(const InputEvent& event) noexcept {
  const LfpInput& lfp = event.payload.lfp;
  if (event.kind != InputKind::kLfp || !(lfp.rate_hz > 0.0F)) return event.session_time_ns;
  return event.session_time_ns +
         static_cast<SessionNs>(1e9 * static_cast<double>(lfp.count - 1) / static_cast<double>(lfp.rate_hz));
}

}  // namespace

DecisionLoop::DecisionLoop(const Parts& parts) : parts_(parts), released_(parts.order.max_released()) {}

void DecisionLoop::run(const std::atomic<bool>& stop) noexcept {
  while (!stop.load(std::memory_order_acquire)) pass(kTickNs / 1000);
  finish();
}

void DecisionLoop::pass(std::int64_t timeout_us) noexcept {
  const std::size_t count = parts_.queue.wait_pop(batch_.data(), batch_.size(), timeout_us);
  now_mono_ns_ = rt::mono_now_ns();
  receive(count);
  if (now_mono_ns_ >= next_tick_ns_) tick(now_mono_ns_);
  once_a_second(now_mono_ns_);
}

std::size_t DecisionLoop::producer_of(const InputEvent& event) const noexcept {
  if (event.kind == InputKind::kOutputResult) return parts_.sources + event.payload.output.output;
  if (event.kind == InputKind::kCommand) return parts_.queue.producers() - 1;
  return event.source;
}

void DecisionLoop::receive(std::size_t count) noexcept {
  parts_.health.queue_depth(parts_.queue.depth());
  for (std::size_t i = 0; i < count; ++i) {
    parts_.queue.taken(producer_of(batch_[i]), 1);
    if (batch_[i].kind == InputKind::kCommand) {
      // The operator's clock is the master's newest time: a command has no sample of its own.
      batch_[i].session_time_ns = master_session_ns_;
      batch_[i].source_sample = master_sample_;
    }
    parts_.order.push(batch_[i], released_);
    release();
    if (batch_[i].kind == InputKind::kCommand)
      parts_.health.command_state(parts_.engine.trigger().armed(), ++commands_);
  }
}

void DecisionLoop::tick(MonoNs now_ns) noexcept {
  next_tick_ns_ = now_ns - next_tick_ns_ > kTickNs ? now_ns + kTickNs : next_tick_ns_ + kTickNs;
  InputEvent event;
  event.kind = InputKind::kTick;
  event.session_time_ns = master_session_ns_;
  event.source_sample = master_sample_;
  event.arrival_mono_ns = now_ns;
  parts_.order.push(event, released_);
  release();
  parts_.publisher.service();
  parts_.health.ticked(now_ns);
}

void DecisionLoop::release() noexcept {
  for (const InputEvent& released : released_.events()) {
    InputEvent event = released;
    event.now_mono_ns = now_mono_ns_;
    take(event);
    take_pending();
  }
}

void DecisionLoop::take(InputEvent& event) noexcept {
  if ((event.flags & kFlagMaster) != 0 && newest_ns(event) > master_session_ns_) {
    master_session_ns_ = newest_ns(event);
    master_sample_ = event.source_sample;
  }
  if (event.kind == InputKind::kCommand && event.payload.command.command == CommandKind::kNote) {
    collect_note(event.payload.command);
  }
  shut_down_ =
      shut_down_ || (event.kind == InputKind::kCommand && event.payload.command.command == CommandKind::kShutdown);
  // Recorded before it can have an effect: a log that ends here holds whatever was decided. What could not be recorded
  // must not stimulate either: the engine learns of it first.
  if (parts_.recorder != nullptr && !parts_.recorder->try_input(event)) watch_recorder(event);
  step(event);
  if (parts_.calibration != nullptr) parts_.calibration->take(event, parts_.engine.sleep_state());
  if (parts_.recorder != nullptr) watch_recorder(event);
  if (event.kind == InputKind::kSpike) {
    parts_.health.hop(wire::Hop::kParse, event.parse_delay_ns);
    parts_.health.hop(wire::Hop::kQueue, event.now_mono_ns - parsed_ns(event));
  }
}

HeadingSet* DecisionLoop::offered_to(const InputEvent& event) noexcept {
  const bool loads = event.kind == InputKind::kCommand && event.payload.command.command == CommandKind::kLoadModel;
  return loads && parts_.models != nullptr ? parts_.models->offered() : nullptr;
}

void DecisionLoop::step(const InputEvent& event) noexcept {
  ++inputs_;
  outputs_.clear();
  HeadingSet* const offered = offered_to(event);
  if (offered != nullptr) parts_.engine.offer(*offered);
  parts_.engine.step(event, outputs_);
  if (offered != nullptr) parts_.models->taken();
  for (const OutputEvent& output : outputs_.events()) hand_over(output, event);
  if (parts_.engine.trigger().armed() != parts_.health.armed()) {
    parts_.health.command_state(parts_.engine.trigger().armed(), commands_);
  }
}

void DecisionLoop::collect_note(const CommandInput& command) noexcept {
  if (command.part == 0) note_size_ = 0;
  const std::size_t length = std::min<std::size_t>({command.length, command.text.size(), note_.size() - note_size_});
  std::copy_n(command.text.begin(), length, note_.begin() + static_cast<std::ptrdiff_t>(note_size_));
  note_size_ += length;
}

void DecisionLoop::take_pending() noexcept {
  for (std::size_t i = 0; i < pending_count_; ++i) take(pending_[i]);  // results may give further ones: grows meanwhile
  pending_count_ = 0;
}

void DecisionLoop::post(const InputEvent& event) noexcept {
  if (pending_count_ < pending_.size()) pending_[pending_count_++] = event;
}

void DecisionLoop::watch_recorder(const InputEvent& at) noexcept {
  const record::State state = parts_.recorder->state();
  if (state == recorder_state_) return;
  recorder_state_ = state;
  InputEvent event = own_event(InputKind::kRecorder, at);
  event.payload.recorder =
      RecorderInput{state == record::State::kRecording ? RecorderState::kRecording : RecorderState::kIncomplete,
                    parts_.recorder->lost()};
  parts_.recorder->try_input(event);
  step(event);
}

MonoNs DecisionLoop::fire(const OutputEvent& output, const InputEvent& deciding) noexcept {
  const TriggerOutput& trigger = output.payload.trigger;
  const auto fired = parts_.outputs.fire(trigger, output.session_time_ns, deciding.now_mono_ns);
  const MonoNs done_ns = rt::mono_now_ns();
  if (fired.queued) return done_ns;
  InputEvent result = own_event(InputKind::kOutputResult, deciding);
  result.payload.output = OutputResultInput{fired.result, trigger.output, trigger.rule, trigger.trigger_id, done_ns};
  post(result);
  return done_ns;
}

void DecisionLoop::stop(const PulseStopOutput& stop, const InputEvent& deciding) noexcept {
  // A pulse that was stopped before its output confirmed it may still be confirmed: only what goes on is told.
  if (parts_.outputs.stop(stop.output, stop.trigger_id) != OutputResult::kNotStopped) return;
  InputEvent result = own_event(InputKind::kOutputResult, deciding);
  result.payload.output =
      OutputResultInput{OutputResult::kNotStopped, stop.output, 0, stop.trigger_id, rt::mono_now_ns()};
  post(result);
}

void DecisionLoop::hand_over(const OutputEvent& output, const InputEvent& deciding) noexcept {
  digest_.add(output);
  wire::Stamps stamps{};
  stamps.kernel_receive_ns = deciding.arrival_mono_ns;
  stamps.parsed_ns = parsed_ns(deciding);
  stamps.dequeued_ns = deciding.now_mono_ns;
  stamps.decided_ns = rt::mono_now_ns();
  if (output.kind == OutputKind::kTrigger) {
    stamps.output_ns = fire(output, deciding);
    parts_.health.hop(wire::Hop::kOutput, stamps.output_ns - stamps.decided_ns);
    parts_.health.hop(wire::Hop::kReceiveToOutput, stamps.output_ns - stamps.kernel_receive_ns);
  } else if (output.kind == OutputKind::kPulseStop) {
    stop(output.payload.pulse_stop, deciding);
  }
  const bool is_note = output.kind == OutputKind::kSession && output.payload.session.change == SessionChange::kNote;
  const auto note = is_note ? std::string_view(note_.data(), note_size_) : std::string_view{};
  parts_.publisher.publish(output, stamps, note);
  stamps.published_ns = rt::mono_now_ns();
  parts_.marks.output(output, note);
  if (output.kind == OutputKind::kTrigger || output.kind == OutputKind::kTurn) {
    parts_.health.hop(wire::Hop::kDecide, stamps.decided_ns - stamps.dequeued_ns);
    parts_.health.hop(wire::Hop::kPublish, stamps.published_ns - stamps.decided_ns);
    parts_.health.hop(wire::Hop::kReceiveToPublished, stamps.published_ns - stamps.kernel_receive_ns);
  }
  parts_.health.count_output(output.kind);
  if (parts_.recorder != nullptr) parts_.recorder->try_output(output, stamps);
}

void DecisionLoop::once_a_second(MonoNs now_ns) noexcept {
  constexpr std::int64_t kDigestNs = kNsPerS / 2;
  if (parts_.recorder != nullptr && now_ns >= next_digest_ns_) {
    next_digest_ns_ = now_ns + kDigestNs;
    parts_.recorder->try_digest(inputs_, digest_.outputs(), digest_.value(), false);
  }
  if (now_ns < next_health_ns_) return;
  next_health_ns_ = now_ns + kNsPerS;
  wire::HealthSnapshot snapshot = parts_.health.collect(now_ns);
  const Engine& engine = parts_.engine;
  snapshot.session_time_ns = master_session_ns_;
  for (std::size_t i = 0; i < snapshot.source_count; ++i) {
    const ingest::OrderFigures& figures = parts_.order.figures(static_cast<SourceIndex>(i));
    snapshot.sources[i].order_late = figures.late;
    snapshot.sources[i].order_wait_max_ms = static_cast<double>(figures.added_wait_max_ns) * 1e-6;
    snapshot.sources[i].order_wait_mean_ms = figures.released == 0 ? 0.0
                                                                   : static_cast<double>(figures.added_wait_total_ns) *
                                                                         1e-6 / static_cast<double>(figures.released);
  }
  const TuningFigures& tuning = engine.tuning();
  snapshot.tuning = {tuning.state,       tuning.compared_s,   tuning.median_abs_error_deg,
                     tuning.scatter_deg, tuning.rotation_deg, tuning.expected_deg};
  snapshot.inputs = engine.inputs();
  snapshot.spikes = engine.spikes();
  snapshot.ttl = engine.ttl_edges();
  snapshot.late_spikes = engine.late_spikes();
  snapshot.undetectable_sides = engine.undetectable_sides();
  snapshot.sleep_gains_refused = engine.sleep_gains_refused();
  const auto quality = engine.signal_quality();
  snapshot.signal_count = quality.size();
  std::copy(quality.begin(), quality.end(), snapshot.signals.begin());
  snapshot.armed = engine.trigger().armed();
  snapshot.inhibits = engine.trigger().inhibits();
  snapshot.output_overflow = outputs_.overflowed();
  snapshot.published = parts_.publisher.published();
  snapshot.publish_dropped = parts_.publisher.dropped();
  if (parts_.recorder != nullptr) {
    snapshot.recording = recorder_state_ == record::State::kRecording;
    snapshot.recorder_depth = parts_.recorder->depth();
    snapshot.recorder_lost = parts_.recorder->lost();
  }
  parts_.health.publish(snapshot);
  parts_.publisher.publish_health(snapshot);
  if (parts_.calibration == nullptr) return;
  const wire::CalibrationSnapshot& calibration = parts_.calibration->published();
  if (calibration.begun) parts_.publisher.publish_calibration(calibration, master_session_ns_);
}

void DecisionLoop::finish() noexcept {
  // The readers have stopped: what they queued is still the session's.
  for (std::size_t count = 1; count > 0;) {
    count = parts_.queue.try_pop(batch_.data(), batch_.size());
    now_mono_ns_ = rt::mono_now_ns();
    receive(count);
  }
  parts_.order.flush(now_mono_ns_, released_);
  release();
  InputEvent event;
  event.kind = InputKind::kCommand;
  event.session_time_ns = master_session_ns_;
  event.source_sample = master_sample_;
  event.arrival_mono_ns = event.now_mono_ns = now_mono_ns_;
  event.payload.command = CommandInput{};
  event.payload.command.command = CommandKind::kShutdown;
  if (!shut_down_) take(event);  // an operator's shutdown has ended the session already
  take_pending();
  next_health_ns_ = 0;
  once_a_second(rt::mono_now_ns());
  if (parts_.recorder != nullptr) parts_.recorder->try_digest(inputs_, digest_.outputs(), digest_.value(), true);
}

}  // namespace vturn
