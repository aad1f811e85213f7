// A session log that goes into a pipe nobody reads: decisions go on as if nothing were, until the ring is full; from
// then on the log is incomplete, and stimulation is inhibited because of it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/rt/decision_bench.hpp"

using namespace vturn;
using namespace vturn::test;

namespace {

bool not_recorded(const Bench& bench) {
  return (bench.engine->trigger().inhibits() >> static_cast<unsigned>(VetoReason::kNotRecorded) & 1U) != 0;
}

}  // namespace

TEST_CASE("a recorder that cannot write inhibits once its ring is full, and loses no input of the engine") {
  const ScratchDir scratch;
  const auto pipe = scratch / "log";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  const int reader = open(pipe.c_str(), O_RDONLY | O_NONBLOCK);  // open, and never read
  REQUIRE(reader >= 0);
  record::RecorderOptions options;
  options.file = pipe.string();
  options.ring_bytes = 1U << 20;
  options.chunk_bytes = 1U << 14;
  options.max_pending_bytes = 1U << 18;
  Bench bench(false, options);

  const auto inputs = mouse_inputs(60.0, 1.0, 11);
  bench.push(2, command(CommandKind::kSelfTest, 1));
  const std::size_t arm_at = inputs.size() / 20;
  std::uint64_t taken = run_bursts(bench, std::span(inputs).first(arm_at), [] {});
  CHECK_FALSE(not_recorded(bench));
  bench.push(2, command(CommandKind::kArm, 10 * 3600 * kNsPerS));
  taken += run_bursts(bench, std::span(inputs).subspan(arm_at), [] {});

  CHECK(bench.recorder->state() == record::State::kIncomplete);
  CHECK(bench.recorder->lost_inputs() > 0);
  CHECK(not_recorded(bench));
  CHECK(taken >= 25'000);
  const std::uint64_t triggers = bench.health.collect(0).triggers;
  CHECK(triggers >= 1);
  // Further population events come, and none of them fires.
  auto later = inputs;
  for (InputEvent& event : later) event.session_time_ns += 60 * kNsPerS;
  run_bursts(bench, std::span(later).first(later.size() / 4), [] {});
  CHECK(bench.health.collect(0).triggers == triggers);
  CHECK(bench.health.collect(0).vetoes > 0);
  close(reader);
}
