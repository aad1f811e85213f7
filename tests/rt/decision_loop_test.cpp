// The decision thread in steady state: a simulated mouse goes through the real queue, order stage, engine, mock output,
// publisher and recorder, while the calls of malloc and pthread_mutex_lock on this thread are counted.
#include "daemon/pipeline/decision_loop.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>
#include <zmq.hpp>

#include "tests/rt/decision_bench.hpp"

using namespace vturn;
using namespace vturn::test;

namespace {

struct Counted {
  RtCounts counts;
  std::uint64_t inputs = 0;
  std::uint64_t triggers = 0;
  std::uint64_t marks = 0;
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
  result.marks = bench.marked;
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
  CHECK(counted.marks >= counted.triggers);
  CHECK(counted.counts.allocations == 0);
  CHECK(counted.counts.frees == 0);
  CHECK(counted.counts.locks == 0);
}

TEST_CASE("collecting for calibration, and taking over another model, neither allocates nor locks") {
  Bench bench(false);
  const auto inputs = mouse_inputs(40.0, 1.0, 11);
  const std::span<const InputEvent> all(inputs);
  const std::size_t quarter = inputs.size() / 4;
  run_bursts(bench, all.first(quarter), [] {});
  const InputEvent start = command(CommandKind::kCalibrateStart, 0);
  REQUIRE(bench.calibration.begin(start.payload.command).empty());
  auto set = std::make_unique<HeadingSet>();
  set->prepare(always_rem());
  REQUIRE(bench.models.offer(std::move(set)));
  reset_rt_counts();
  bench.push(2, start);
  run_bursts(bench, all.subspan(quarter, quarter), [] {});
  CHECK(bench.models.offered() != nullptr);
  bench.push(2, command(CommandKind::kLoadModel, 77));
  run_bursts(bench, all.subspan(2 * quarter), [] {});
  const RtCounts counts = RtSection::counts();
  CHECK(bench.models.offered() == nullptr);
  CHECK(counts.allocations == 0);
  CHECK(counts.frees == 0);
  CHECK(counts.locks == 0);
  // What the worker tells is what it has taken so far.
  for (int i = 0; i < 1000 && bench.calibration.status().spikes <= 1000; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  CHECK(bench.calibration.status().state == wire::CalibrationState::kCollecting);
  CHECK(bench.calibration.status().spikes > 1000);
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
  // What is still on its way is not missed: wait until nothing more comes.
  for (std::uint64_t before = received + 1; before != received;) {
    before = received;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  // In flight at once: what one burst gives. A subscriber that lags behind for long makes the pool grow, by design.
  const std::uint64_t missed = bench.publisher.published() - received;
  const auto delivered = [&] {
    for (int i = 0; i < 500'000 && received + missed < bench.publisher.published(); ++i) {
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
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
