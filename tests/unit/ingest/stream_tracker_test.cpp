// Continuity of one ZMQ Interface instance on made-up message numbers and samples: losses, the counter's overflow,
// restarts with and without a sample reset, loops, holes of one source behind an unbroken counter.
#include "daemon/ingest/stream_tracker.hpp"

#include <catch2/catch.hpp>

using namespace vturn;
using namespace vturn::ingest;

namespace {

constexpr double kRateHz = 30000.0;

/// A stream whose next message is told step by step; time passes as its samples do unless `wait_s` says more.
struct Stream {
  StreamTracker tracker;
  MonoNs now_ns = kNsPerS;

  Continuity data(std::int64_t number, SampleIndex sample, std::int64_t channel = 0, std::int64_t samples = 204,
                  double rate_hz = kRateHz) {
    GuiMessage message;
    message.kind = MessageKind::kData;
    message.channel_num = channel;
    message.num_samples = samples;
    return observe(message, number, sample, rate_hz);
  }
  Continuity spike(std::int64_t number, SampleIndex sample) {
    GuiMessage message;
    message.kind = MessageKind::kSpike;
    return observe(message, number, sample, kRateHz);
  }
  Continuity ttl(std::int64_t number, SampleIndex sample) {
    GuiMessage message;
    message.kind = MessageKind::kTtl;
    return observe(message, number, sample, kRateHz);
  }
  Continuity observe(GuiMessage& message, std::int64_t number, SampleIndex sample, double rate_hz) {
    message.message_num = number;
    message.sample_num = sample;
    Continuity result;
    tracker.observe_number(number, result);
    tracker.observe_samples(message, rate_hz, now_ns, result);
    return result;
  }
};

void check_quiet(const Continuity& result) {
  CHECK(result.epoch == EpochCause::kNone);
  CHECK(result.lost == 0);
  CHECK(result.missing_samples == 0);
}

}  // namespace

TEST_CASE("The first message starts the first epoch, wherever the counter stands") {
  Stream stream;
  const Continuity first = stream.data(14763, 320160);
  CHECK(first.epoch == EpochCause::kStart);
  CHECK(first.lost == 0);
  CHECK(first.channel_broken);
  const Continuity second = stream.data(14764, 320364);
  check_quiet(second);
  CHECK_FALSE(second.channel_broken);
}

TEST_CASE("A hole in the counter is the number of messages lost; the channels that it hit are broken, the others not") {
  Stream stream;
  stream.data(1, 0, 0);
  stream.data(2, 0, 1);
  const Continuity gap = stream.data(4, 204, 1);
  CHECK(gap.lost == 1);
  CHECK(gap.missing_samples == 0);
  CHECK_FALSE(gap.channel_broken);
  const Continuity hit = stream.data(5, 408, 0);
  check_quiet(hit);
  CHECK(hit.channel_broken);
}

TEST_CASE("The counter overflows to the negative and goes on") {
  Stream stream;
  stream.spike(2147483646, 0);
  check_quiet(stream.spike(2147483647, 1));
  check_quiet(stream.spike(-2147483648LL, 2));
  CHECK(stream.spike(-2147483645LL, 3).lost == 2);
  Stream to_zero;
  to_zero.spike(2147483647, 0);
  check_quiet(to_zero.spike(0, 1));
  Stream upwards;
  upwards.spike(-1, 0);
  check_quiet(upwards.spike(0, 1));
}

TEST_CASE("A restart begins an epoch, whether the samples go on or begin anew") {
  const SampleIndex next_sample = GENERATE(SampleIndex{0}, SampleIndex{124584});
  Stream stream;
  stream.data(367, 123684);
  stream.data(368, 123888, 0, 696);
  const Continuity restart = stream.data(1, next_sample, 0, 696);
  CHECK(restart.epoch == EpochCause::kRestart);
  CHECK(restart.lost == 0);
  CHECK(restart.channel_broken);
  const Continuity after = stream.data(2, next_sample + 696);
  check_quiet(after);
  CHECK_FALSE(after.channel_broken);
}

TEST_CASE("A restart of which the first messages are missing counts them as lost") {
  Stream stream;
  stream.spike(5000, 100000);
  const Continuity restart = stream.spike(4, 900);
  CHECK(restart.epoch == EpochCause::kRestart);
  CHECK(restart.lost == 3);
}

TEST_CASE("Spikes may go back by a block; half a second back is a loop") {
  Stream stream;
  stream.spike(1, 150007);
  check_quiet(stream.spike(2, 150007 - 784));
  check_quiet(stream.spike(3, 150007 - 15000));
  CHECK(stream.spike(4, 661).epoch == EpochCause::kLoop);
  check_quiet(stream.spike(5, 400));
}

TEST_CASE("A block that goes back by anything is a loop, and the whole loop is one epoch") {
  Stream stream;
  stream.data(1, 0, 0, 696);
  stream.data(2, 0, 1, 696);
  CHECK(stream.data(3, 336, 0, 696).epoch == EpochCause::kLoop);
  check_quiet(stream.data(4, 336, 1, 696));
}

TEST_CASE("A loop that a spike tells first is not told again by its block") {
  Stream stream;
  stream.data(1, 149640, 0, 696);
  CHECK(stream.spike(2, 661).epoch == EpochCause::kLoop);
  const Continuity block = stream.data(3, 336, 0, 696);
  check_quiet(block);
  CHECK(block.channel_broken);
}

TEST_CASE("A hole in the samples behind an unbroken counter is told once for all channels") {
  Stream stream;
  stream.data(1, 0, 0);
  stream.data(2, 0, 1);
  const Continuity hole = stream.data(3, 1000, 0);
  CHECK(hole.missing_samples == 796);
  CHECK(hole.channel_broken);
  const Continuity other = stream.data(4, 1000, 1);
  check_quiet(other);
  CHECK(other.channel_broken);
}

TEST_CASE("A loop within lost messages is an epoch that counts them") {
  Stream stream;
  stream.data(1, 149640, 0, 696);
  const Continuity both = stream.data(100, 4000, 0, 696);
  CHECK(both.epoch == EpochCause::kLoop);
  CHECK(both.lost == 98);
}

TEST_CASE("A jump forward that no time explains is another recording; one that time explains is not") {
  Stream stream;
  stream.spike(1, 0);
  CHECK(stream.spike(2, 30000 * 11).epoch == EpochCause::kRestart);
  stream.now_ns += 3600 * kNsPerS;
  check_quiet(stream.spike(3, 30000LL * 3600));
}

TEST_CASE("Another rate begins an epoch") {
  Stream stream;
  stream.data(1, 0);
  CHECK(stream.data(2, 204, 0, 204, 20000.0).epoch == EpochCause::kRateChange);
  check_quiet(stream.data(3, 408, 0, 204, 20000.0));
}

TEST_CASE("An edge with another stream's sample number begins no epoch, and moves nothing that is judged later") {
  const SampleIndex foreign = GENERATE(SampleIndex{12}, SampleIndex{30000LL * 3600});
  Stream stream;
  stream.data(1, 3'000'000);
  CHECK(stream.tracker.strays(foreign, stream.now_ns));
  check_quiet(stream.ttl(2, foreign));
  check_quiet(stream.data(3, 3'000'204));
  CHECK_FALSE(stream.tracker.strays(3'000'408 + 203, stream.now_ns));
  CHECK_FALSE(stream.tracker.strays(3'000'408 - 300, stream.now_ns));
}

TEST_CASE("Where nothing but edges has come they alone tell a new epoch") {
  Stream stream;
  stream.ttl(1, 3'000'000);
  CHECK_FALSE(stream.tracker.strays(12, stream.now_ns));
  CHECK(stream.ttl(2, 12).epoch == EpochCause::kLoop);
  stream.data(3, 204);
  CHECK(stream.data(1, 204).epoch == EpochCause::kRestart);
}

TEST_CASE("Any sequence of numbers and samples is survived, extreme ones included") {
  Stream stream;
  const std::int64_t extremes[] = {INT64_MIN, INT64_MAX, -1, 0, 1, 2147483647, -2147483648LL};
  for (const std::int64_t number : extremes) {
    for (const SampleIndex sample : {-kMaxSampleNumber, kMaxSampleNumber, SampleIndex{0}}) {
      stream.data(number, sample, kMaxChannels - 1);
      stream.spike(number, sample);
    }
  }
  stream.data(1, 0);
  check_quiet(stream.data(2, 204));
}
