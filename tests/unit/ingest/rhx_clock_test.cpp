// Time from the timestamps of RHX's two streams: gaps, runs, the wrap of the count, and spikes on either side of a new
// run.
#include "daemon/ingest/rhx_clock.hpp"

#include <catch2/catch.hpp>

using namespace vturn;
using namespace vturn::ingest;

namespace {

constexpr double kRateHz = 20000;
constexpr SampleIndex kWrap = SampleIndex{1} << 32;
using Place = RhxSpikeInstant::Place;

/// A clock, fed with frames in real time: a count of samples is as much time.
struct Run {
  RhxClock clock{1.0};
  MonoNs now = kNsPerS;

  RhxStep frames(std::uint32_t timestamp, std::uint32_t count = 128) {
    now += count * 50'000;
    return clock.frames(timestamp, count, kRateHz, now);
  }
  void up_to(std::uint32_t begin, std::uint32_t end) {
    for (; begin != end; begin += 128) frames(begin);
  }
  RhxSpikeInstant spike(std::uint32_t timestamp) { return clock.spike(timestamp, now); }
  Place place(std::uint32_t timestamp) { return spike(timestamp).place; }
};

}  // namespace

TEST_CASE("RHX clock: the first frames are a start wherever they begin, time is sample / rate") {
  for (const std::uint32_t first : {0U, 1500U, 0xFFFFFF80U}) {
    Run run;
    CHECK_FALSE(run.clock.started());
    const RhxStep step = run.frames(first);
    CHECK(step.epoch == EpochCause::kStart);
    CHECK(step.first == first);
    CHECK(step.missing == 0);
    CHECK(step.broken);
    CHECK(run.clock.time_ns(step.first) == SampleIndex{first} * 50'000);
    CHECK(run.clock.next_sample() == SampleIndex{first} + 128);
    CHECK(run.clock.newest_ns() == (SampleIndex{first} + 128) * 50'000);
  }
}

TEST_CASE("RHX clock: contiguous frames continue, a jump forward is a gap of its size") {
  Run run;
  run.up_to(0, 1280);
  RhxStep step = run.frames(1280);
  CHECK(step.epoch == EpochCause::kNone);
  CHECK_FALSE(step.broken);
  step = run.frames(1409);
  CHECK(step.missing == 1);
  CHECK(step.broken);
  CHECK(step.first == 1409);
  step = run.frames(1537 + 200'000);  // ten seconds
  CHECK(step.missing == 200'000);
  CHECK(step.epoch == EpochCause::kNone);
}

TEST_CASE("RHX clock: a jump back is a restart near 0 and a loop elsewhere; forward a loop beyond what time explains") {
  Run run;
  run.up_to(0, 128'000);
  CHECK(run.frames(1500).epoch == EpochCause::kRestart);
  run.up_to(1628, 1628 + 128'000);
  CHECK(run.frames(64'000).epoch == EpochCause::kLoop);
  CHECK(run.frames(400'000).epoch == EpochCause::kLoop);
  CHECK(run.frames(400'127).epoch == EpochCause::kLoop);  // the same frame once more
  run.now += 60 * kNsPerS;
  const RhxStep step = run.frames(400'255 + 1'300'000);  // 65 s of samples in 60 s
  CHECK(step.epoch == EpochCause::kNone);
  CHECK(step.missing == 1'300'000);
}

TEST_CASE("RHX clock: a new run's time goes on by the time that passed") {
  Run run;
  run.up_to(0, 128'000);
  run.now += 3 * kNsPerS;
  const RhxStep step = run.frames(0);
  CHECK(step.epoch == EpochCause::kRestart);
  CHECK(step.first == 0);
  CHECK(run.clock.time_ns(0) == 128'000 * 50'000LL + 3 * kNsPerS + 128 * 50'000LL);
  CHECK(run.clock.time_ns(20'000) - run.clock.time_ns(0) == kNsPerS);
}

TEST_CASE("RHX clock: the count wraps at 2^32 and samples go on, over a gap and for spikes too") {
  Run run;
  run.frames(0xFFFFFF80U);
  RhxStep step = run.frames(0);
  CHECK(step.epoch == EpochCause::kNone);
  CHECK(step.missing == 0);
  CHECK(step.first == kWrap);
  CHECK(run.clock.time_ns(step.first) == kWrap * 50'000);
  CHECK(run.spike(0xFFFFFFFFU).sample == kWrap - 1);
  const RhxSpikeInstant spike = run.spike(130);
  CHECK(spike.sample == kWrap + 130);
  CHECK(spike.own_ns == (kWrap + 130) * 50'000);
  step = run.frames(228);
  CHECK(step.missing == 100);
  CHECK(step.first == kWrap + 228);

  Run jumping;
  jumping.frames(0xFFFFFF00U);
  step = jumping.frames(1000);
  CHECK(step.missing == 1128);
  CHECK(step.first == kWrap + 1000);
}

TEST_CASE("RHX clock: another rate begins an epoch, time goes on") {
  Run run;
  run.up_to(0, 12'800);
  const std::int64_t before = run.clock.newest_ns();
  const RhxStep step = run.clock.frames(12'800, 128, 30'000, run.now);
  CHECK(step.epoch == EpochCause::kRateChange);
  CHECK(run.clock.time_ns(12'800) == before);
  CHECK(run.clock.time_ns(42'800) == before + kNsPerS);
}

TEST_CASE("RHX clock: an epoch that is forced goes on where it was and says what is missing") {
  Run run;
  run.up_to(0, 1280);
  run.clock.force_epoch();
  RhxStep step = run.frames(2280);
  CHECK(step.epoch == EpochCause::kRestart);
  CHECK(step.missing == 1000);
  CHECK(run.clock.time_ns(2280) == 2280 * 50'000);
  step = run.frames(2408);
  CHECK(step.epoch == EpochCause::kNone);
}

TEST_CASE("RHX spikes before the first frames wait; then they stand before or behind their frames") {
  Run run;
  CHECK(run.place(100) == Place::kWait);
  run.frames(0);
  for (const std::uint32_t timestamp : {100U, 128U, 500U, 840U + 128U}) {
    const RhxSpikeInstant spike = run.spike(timestamp);
    CHECK(spike.place == Place::kCurrent);
    CHECK(spike.sample == timestamp);
    CHECK(spike.own_ns == timestamp * 50'000LL);
  }
  // As far ahead as the backlog that RHX allows; no further.
  CHECK(run.place(128 + 400'000) == Place::kCurrent);
  CHECK(run.place(128 + 400'001) == Place::kNowhere);
}

TEST_CASE("RHX spikes of a new run that come before its frames wait for them, those behind in the stream as well") {
  Run run;
  run.up_to(0, 128'000);
  CHECK(run.place(127'500) == Place::kCurrent);
  CHECK(run.place(300) == Place::kWait);
  CHECK(run.place(128'000) == Place::kWait);
  run.frames(0);
  const RhxSpikeInstant spike = run.spike(300);
  CHECK(spike.place == Place::kCurrent);
  CHECK(spike.own_ns == run.clock.time_ns(300));
  CHECK(run.place(840) == Place::kCurrent);
}

TEST_CASE("RHX spikes of a new run wait for its frames even if the old run had none") {
  Run run;
  run.up_to(0, 128'000);
  CHECK(run.place(300) == Place::kWait);
  run.frames(256);
  CHECK(run.place(300) == Place::kCurrent);
}

TEST_CASE("RHX spikes far behind the frames wait where frames have stopped or their stream does not go on") {
  Run run;
  run.up_to(0, 128'000);
  CHECK(run.place(128'000 - 4900) == Place::kCurrent);  // the first, within a quarter of a second
  CHECK(run.place(128'000 - 4800) == Place::kCurrent);
  run.up_to(128'000, 256'000);
  CHECK(run.place(128'000 - 4700) == Place::kCurrent);  // only late: the stream of spikes is behind
  run.now += 300 * kNsPerMs;
  CHECK(run.place(128'000 - 4600) == Place::kWait);  // no frames for as long
}

TEST_CASE("RHX spikes of the old run that come behind the new one's frames keep their place in it") {
  Run run;
  run.up_to(0, 128'000);
  const std::int64_t old_ns = run.clock.time_ns(127'900);
  CHECK(run.place(127'000) == Place::kCurrent);
  run.now += kNsPerS;
  run.frames(0);
  run.frames(128);
  const RhxSpikeInstant straggler = run.spike(127'900);
  CHECK(straggler.place == Place::kPrevious);
  CHECK(straggler.sample == 127'900);
  CHECK(straggler.own_ns == old_ns);
  CHECK(run.place(127'950) == Place::kPrevious);
  const RhxSpikeInstant fresh = run.spike(200);
  CHECK(fresh.place == Place::kCurrent);
  CHECK(fresh.own_ns == run.clock.time_ns(200));
  CHECK(run.place(250) == Place::kCurrent);
}

TEST_CASE("RHX spikes: the first of the new run may have come early and stragglers are no more") {
  Run run;
  run.up_to(0, 128'000);
  CHECK(run.place(127'000) == Place::kCurrent);
  CHECK(run.place(10) == Place::kWait);
  run.frames(0);
  CHECK(run.place(10) == Place::kCurrent);
  CHECK(run.place(1000) == Place::kCurrent);
}

TEST_CASE("RHX spikes slightly out of order are of the same run, and no reason to wait") {
  Run run;
  run.up_to(0, 128'000);
  for (const std::uint32_t timestamp : {127'900U, 127'500U, 127'950U, 126'000U}) {
    CHECK(run.place(timestamp) == Place::kCurrent);
  }
  CHECK(run.place(125'949) == Place::kWait);
}

TEST_CASE("RHX spikes that waited for a run which never came are of the current one") {
  Run run;
  run.up_to(0, 128'000);
  CHECK(run.place(127'900) == Place::kCurrent);
  CHECK(run.place(50'000) == Place::kWait);
  CHECK(run.place(127'950) == Place::kWait);
  run.clock.settle_spikes(50'000);
  CHECK(run.place(50'000) == Place::kCurrent);
  CHECK(run.place(127'950) == Place::kCurrent);
  CHECK(run.place(127'960) == Place::kCurrent);
}

TEST_CASE("RHX clock in an accelerated run: as much more passes between frames") {
  RhxClock clock(10.0);
  clock.frames(0, 128, kRateHz, kNsPerS);
  // 29 s of samples within 2 s: 20 s passed in the session, and ten may be missing.
  CHECK(clock.frames(128 + 580'000, 128, kRateHz, 3 * kNsPerS).missing == 580'000);
  CHECK(clock.frames(0, 128, kRateHz, 4 * kNsPerS).epoch == EpochCause::kRestart);
  CHECK(clock.time_ns(0) == (580'256 * 50'000LL) + 10 * kNsPerS);
}
