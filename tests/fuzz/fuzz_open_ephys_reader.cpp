// A sequence of multipart messages into the reader, the ordering stage behind it. Nothing may be lost uncounted, times
// and blocks have to keep their bounds.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "daemon/core/angle.hpp"
#include "daemon/ingest/open_ephys_reader.hpp"
#include "daemon/ingest/order.hpp"
#include "tests/fuzz/multipart.hpp"

using namespace vturn;
using namespace vturn::ingest;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

class CheckingSink final : public EventSink {
 public:
  explicit CheckingSink(OrderPolicy policy) : order_(settings(policy)), released_(buffer(order_.max_released())) {}

  void event(const InputEvent& event, std::int64_t own_ns) noexcept override {
    require(given_ > 0 ||
            (event.kind == InputKind::kSource && (event.payload.source.change == SourceChange::kUp ||
                                                  event.payload.source.change == SourceChange::kRefused)));
    require(event.session_time_ns == own_ns && std::llabs(own_ns) <= 3'000'000'000 * kNsPerS);
    if (event.kind == InputKind::kSpike) require(std::isfinite(event.payload.spike.amplitude_uv));
    if (event.kind == InputKind::kLfp) check_block(event.payload.lfp);
    if (event.kind == InputKind::kHeading) {
      const float angle_rad = event.payload.heading.angle_rad;
      require(angle_rad >= 0 && angle_rad <= static_cast<float>(kTwoPi));
    }
    ++given_;
    order_.push(event, released_);
    passed_ += released_.events().size();
  }
  void finish() {
    order_.flush(0, released_);
    require(passed_ + released_.events().size() == given_);
  }

 private:
  static OrderSettings settings(OrderPolicy policy) {
    OrderSettings all;
    all.capacity = 8;
    all.sources[0].policy = policy;
    return all;
  }
  static void check_block(const LfpInput& block) {
    require(block.count >= 1 && block.count <= kMaxLfpSamples);
    for (std::size_t i = 0; i < block.count; ++i) require(std::isfinite(block.samples[i]));
  }

  /// One for all inputs: to map and clear its pages each time took two thirds of this target's time.
  static ReleasedEvents& buffer(std::size_t capacity) {
    static ReleasedEvents released(capacity);
    return released;
  }

  Order order_;
  ReleasedEvents& released_;
  std::size_t given_ = 0, passed_ = 0;
};

OpenEphysReaderSettings settings(std::uint8_t choice) {
  OpenEphysReaderSettings all;
  all.sample_rate_hz = (choice & 1) != 0 ? 30000 : 0;
  all.signals = {{0, "LFP", -1}, {1, "", 0}};
  if ((choice & 2) != 0) all.stream = "s";
  const bool other = (choice & 32) != 0;
  if ((choice & 64) != 0) all.imu.from = other ? ImuSettings::From::kQuaternion : ImuSettings::From::kEuler;
  if ((choice & 128) != 0) all.feed = other ? GuiFeed::kFalconOutput : GuiFeed::kEventBroadcaster;
  if ((choice & 4) != 0) {
    all.units.from = UnitMapSettings::From::kSortedId;
    all.units.map = {{"Electrode 1/1", 0}};
  }
  return all;
}

}  // namespace

/// Input: one byte of choices, one byte of milliseconds between messages, then messages ended by kMessageEnd.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  OpenEphysReader reader(settings(data[0]));
  CheckingSink sink(static_cast<OrderPolicy>(1 + data[0] / 8 % 3));
  MonoNs now_ns = 0;
  std::uint64_t sent = 0;
  Bytes rest{data + 2, size - 2};
  while (!rest.empty()) {
    std::size_t length = 0;
    while (length < rest.size() && rest[length] != vturn::fuzz::kMessageEnd) ++length;
    const vturn::fuzz::Multipart message(rest.first(length));
    reader.message(message.frames(), now_ns, sink);
    now_ns += data[1] * kNsPerMs;
    ++sent;
    rest = rest.subspan(std::min(rest.size(), length + 1));
  }
  sink.finish();
  const OpenEphysCounters& counters = reader.counters();
  require(counters.received == sent && counters.received == counters.parsed + counters.malformed);
  return 0;
}
