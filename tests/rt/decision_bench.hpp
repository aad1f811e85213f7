#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <span>

#include "daemon/pipeline/decision_loop.hpp"
#include "daemon/pipeline/log.hpp"
#include "daemon/pipeline/plugin_library.hpp"
#include "daemon/rt/clock.hpp"
#include "tests/helpers/process.hpp"
#include "tests/helpers/rt_guard.hpp"
#include "tests/unit/engine/mouse_inputs.hpp"

namespace vturn::test {

/// A mouse that never leaves REM and a rule on its population events, so that triggers come all the time.
inline EngineSettings always_rem() {
  EngineSettings settings = engine_settings();
  for (std::size_t i = 0; i < 3; ++i) {
    settings.sleep->emissions[0].mean[i] = settings.sleep->emissions[1].mean[i] = 300.0;
    settings.sleep->emissions[2].covariance[i][i] = 100.0;
  }
  settings.sleep->gain_fit_s = 0.0;
  trigger::RuleSettings& rule = settings.trigger.rules.front();
  rule.when = CauseKind::kPopulation;
  rule.min_state_probability = 0.5F;
  rule.refractory_ns = 100 * kNsPerMs;
  rule.max_per_minute = 600;
  rule.max_per_session = 100000;
  rule.max_decision_age_ns = kNsPerS;
  settings.trigger.limits.duty_max = 1.0;
  return settings;
}

inline InputEvent command(CommandKind kind, std::int64_t value) {
  InputEvent event;
  event.kind = InputKind::kCommand;
  event.arrival_mono_ns = rt::mono_now_ns();
  event.payload.command = CommandInput{};
  event.payload.command.command = kind;
  event.payload.command.value_ns = value;
  return event;
}

/// A source that takes marks and counts them.
inline constexpr vturn_source_functions kMarkCounter = {
    nullptr, nullptr, nullptr, nullptr, [](void* count, const char*) { ++*static_cast<std::uint64_t*>(count); }};

/// Everything the decision thread needs, as pipeline.cpp wires it, without sources.
struct Bench {
  explicit Bench(bool publish, record::RecorderOptions options = {}) {
    engine->prepare(always_rem());
    const wire::EncoderSettings encoder{"rt-test", "config", "model", false, {{"rule"}, {"laser"}, {"ephys"}}};
    PublisherSettings settings;
    settings.address = "tcp://127.0.0.1:*";
    if (publish) publisher.prepare(settings, encoder);
    options.directory = scratch.path().string();
    options.session.encoder = encoder;
    auto started = record::Recorder::start(options);
    REQUIRE(started);
    recorder = std::move(*started);
    auto mock = load_plugin("mock");
    REQUIRE(mock);
    auto host = std::make_unique<PluginHost>(PluginHost::Settings{"laser", kNoSource, 0, 0, 0}, queue.producer(1),
                                             clock, log_line);
    outputs.add(*mock, std::move(host), R"({"name":"laser","index":0,"type":"mock","pulse_ms":10,"file":""})", nullptr);
    marks.add(kMarkCounter, &marked);
    loop = std::make_unique<DecisionLoop>(DecisionLoop::Parts{queue, 1, order, *engine, outputs, publisher,
                                                              recorder.get(), health, marks, &calibration, &models});
  }
  ~Bench() { recorder->stop(); }

  void push(std::size_t producer, InputEvent event) {
    event.arrival_mono_ns = rt::mono_now_ns();
    event.now_mono_ns = 0;
    REQUIRE(queue.producer(producer).try_push(&event, 1) == 1);
  }

  ScratchDir scratch;
  rt::EventQueue queue{{65536, 1024, 1024}};
  ingest::SessionClock clock;
  ingest::Order order{ingest::OrderSettings{}};
  std::unique_ptr<Engine> engine = std::make_unique<Engine>();
  Publisher publisher;
  OutputSet outputs;
  HealthBoard health{{}};
  std::uint64_t marked = 0;
  Marks marks{{"rule"}};
  LiveCalibration calibration{{.folder = scratch.path().string(),
                               .stem = "rt",
                               .tracked = true,
                               .only_awake = false,
                               .asked = {},
                               .limits = {100'000, 10'000}}};
  ModelSlot models;
  std::unique_ptr<record::Recorder> recorder;
  std::unique_ptr<DecisionLoop> loop;
};

/// Bursts of the mouse, one pass each; the count is of the decision thread's part only. Returns inputs taken.
inline std::uint64_t run_bursts(Bench& bench, std::span<const InputEvent> inputs,
                                const std::function<void()>& between) {
  const std::uint64_t before = bench.engine->inputs();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].kind == InputKind::kTick) continue;  // the loop makes its own
    InputEvent event = inputs[i];
    const bool last = i + 1 == inputs.size() ||
                      inputs[i + 1].session_time_ns / (7 * kNsPerMs) != event.session_time_ns / (7 * kNsPerMs);
    if (last) event.flags |= kFlagBurstEnd;
    bench.push(0, event);
    if (!last) continue;
    {
      const RtSection section;
      bench.loop->pass(0);
    }
    between();
  }
  return bench.engine->inputs() - before;
}

}  // namespace vturn::test
