// The decision thread in steady state: a simulated mouse goes through the real queue, order stage, engine, mock output,
// publisher and recorder, while the calls of malloc and pthread_mutex_lock on this thread are counted.
#include "daemon/pipeline/decision_loop.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdio>
#include <thread>
#include <zmq.hpp>

#include "daemon/pipeline/log.hpp"
#include "daemon/pipeline/plugin_library.hpp"
#include "daemon/rt/clock.hpp"
#include "tests/helpers/process.hpp"
#include "tests/helpers/rt_guard.hpp"
#include "tests/unit/engine/mouse_inputs.hpp"

using namespace vturn;
using namespace vturn::test;

namespace {

/// A mouse that never leaves REM and a rule on its population events, so that triggers come all the time.
EngineSettings always_rem() {
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

InputEvent command(CommandKind kind, std::int64_t value) {
  InputEvent event;
  event.kind = InputKind::kCommand;
  event.arrival_mono_ns = rt::mono_now_ns();
  event.payload.command = CommandInput{};
  event.payload.command.command = kind;
  event.payload.command.value_ns = value;
  return event;
}

/// Everything the decision thread needs, as pipeline.cpp wires it, without sources.
struct Bench {
  explicit Bench(bool publish) {
    engine->prepare(always_rem());
    const wire::EncoderSettings encoder{"rt-test", "config", "model", false, {{"rule"}, {"laser"}, {"ephys"}}};
    PublisherSettings settings;
    settings.address = "tcp://127.0.0.1:*";
    if (publish) publisher.prepare(settings, encoder);
    record::RecorderOptions options;
    options.directory = scratch.path().string();
    options.session.encoder = encoder;
    auto started = record::Recorder::start(options);
    REQUIRE(started);
    recorder = std::move(*started);
    auto mock = load_plugin("mock");
    REQUIRE(mock);
    auto host = std::make_unique<PluginHost>(PluginHost::Settings{"laser", kNoSource, 0, 0, 0}, queue.producer(1),
                                             clock, log_line);
    outputs.add(*mock, std::move(host), R"({"name":"laser","index":0,"type":"mock","pulse_ms":10,"file":""})");
    loop = std::make_unique<DecisionLoop>(
        DecisionLoop::Parts{queue, 1, order, *engine, outputs, publisher, recorder.get(), health});
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
  std::unique_ptr<record::Recorder> recorder;
  std::unique_ptr<DecisionLoop> loop;
};

/// Bursts of the mouse, one pass each; the count is of the decision thread's part only. Returns inputs taken.
std::uint64_t run_bursts(Bench& bench, std::span<const InputEvent> inputs, const std::function<void()>& between) {
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

struct Counted {
  RtCounts counts;
  std::uint64_t inputs = 0;
  std::uint64_t triggers = 0;
};

Counted steady_state(Bench& bench, const std::function<void()>& between) {
  const auto inputs = mouse_inputs(60.0, 1.0, 11);
  bench.push(2, command(CommandKind::kSelfTest, 1));
  const std::size_t arm_at = inputs.size() / 20;
  const std::size_t steady_at = inputs.size() / 2;
  run_bursts(bench, std::span(inputs).first(arm_at), between);
  bench.push(2, command(CommandKind::kArm, 10 * 3600 * kNsPerS));
  run_bursts(bench, std::span(inputs).subspan(arm_at, steady_at - arm_at), between);
  const std::uint64_t triggers_before = bench.health.collect(0).triggers;
  reset_rt_counts();
  Counted result;
  result.inputs = run_bursts(bench, std::span(inputs).subspan(steady_at), between);
  result.counts = RtSection::counts();
  result.triggers = bench.health.collect(0).triggers - triggers_before;
  return result;
}

}  // namespace

TEST_CASE("from dequeue to hand-over nothing allocates and nothing locks") {
  Bench bench(false);
  const Counted counted = steady_state(bench, [] {});
  std::printf("%llu steps without PUB: %llu allocations, %llu frees, %llu locks, %llu triggers\n",
              static_cast<unsigned long long>(counted.inputs),
              static_cast<unsigned long long>(counted.counts.allocations),
              static_cast<unsigned long long>(counted.counts.frees),
              static_cast<unsigned long long>(counted.counts.locks), static_cast<unsigned long long>(counted.triggers));
  CHECK(counted.inputs >= 10'000);
  CHECK(counted.triggers >= 20);
  CHECK(counted.counts.allocations == 0);
  CHECK(counted.counts.frees == 0);
  CHECK(counted.counts.locks == 0);
}

TEST_CASE("with a live subscriber the ZeroMQ send adds locks, counted, and no allocation") {
  Bench bench(true);
  zmq::context_t context(1);
  zmq::socket_t subscriber(context, zmq::socket_type::sub);
  subscriber.set(zmq::sockopt::rcvhwm, 0);
  subscriber.set(zmq::sockopt::rcvtimeo, 20);
  subscriber.set(zmq::sockopt::subscribe, "");
  subscriber.connect(bench.publisher.endpoint());
  std::atomic<std::uint64_t> received{0};
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    zmq::message_t frame;
    while (!stop) {
      if (subscriber.recv(frame) && !frame.more()) ++received;
    }
  });
  while (received == 0) bench.loop->pass(10'000);  // retained messages prove that the subscription has arrived
  // In flight at once: what one burst gives. A subscriber that lags behind for long makes the pool grow, by design.
  const std::uint64_t missed = bench.publisher.published() - received;
  const auto delivered = [&] {
    for (int i = 0; i < 2000 && received + missed < bench.publisher.published(); ++i) std::this_thread::yield();
  };
  const Counted counted = steady_state(bench, delivered);
  stop = true;
  reader.join();
  std::printf("%llu steps with PUB: %llu allocations, %llu frees, %llu locks (all ZeroMQ's), %llu triggers\n",
              static_cast<unsigned long long>(counted.inputs),
              static_cast<unsigned long long>(counted.counts.allocations),
              static_cast<unsigned long long>(counted.counts.frees),
              static_cast<unsigned long long>(counted.counts.locks), static_cast<unsigned long long>(counted.triggers));
  CHECK(counted.inputs >= 10'000);
  CHECK(counted.triggers >= 20);
  CHECK(counted.counts.allocations == 0);
}
