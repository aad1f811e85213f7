// The order stage on made-up events: each policy's promise, barriers, bounds, lateness and added wait.
#include "daemon/ingest/order.hpp"

#include <catch2/catch.hpp>

using namespace vturn;
using namespace vturn::ingest;

namespace {

InputEvent spike(SessionNs time_ns, MonoNs arrival_ns, std::uint32_t channel = 0, std::uint8_t flags = 0,
                 SourceIndex source = 0) {
  InputEvent event;
  event.kind = InputKind::kSpike;
  event.session_time_ns = time_ns;
  event.arrival_mono_ns = arrival_ns;
  event.source = source;
  event.flags = flags;
  event.payload.spike = {0, channel, 0};
  return event;
}

InputEvent change(SourceChange what, SourceIndex source = 0) {
  InputEvent event;
  event.kind = InputKind::kSource;
  event.source = source;
  event.payload.source = {what, EpochCause::kLoop, 1, 0, 1, 0, 0};
  return event;
}

InputEvent tick(MonoNs arrival_ns) {
  InputEvent event;
  event.arrival_mono_ns = arrival_ns;
  return event;
}

OrderSettings settings(OrderPolicy policy, std::size_t capacity = 64) {
  OrderSettings all;
  all.capacity = capacity;
  for (auto& source : all.sources) source = {policy, 10};
  return all;
}

struct Run {
  explicit Run(const OrderSettings& all) : order(all), released(order.max_released()) {}
  std::vector<SessionNs> push(const InputEvent& event) {
    order.push(event, released);
    return times();
  }
  [[nodiscard]] std::vector<SessionNs> times() const {
    std::vector<SessionNs> list;
    for (const InputEvent& event : released.events()) list.push_back(event.session_time_ns);
    return list;
  }
  Order order;
  ReleasedEvents released;
};

using Times = std::vector<SessionNs>;

}  // namespace

TEST_CASE("burst: sorted when the burst ends, equal times as they came") {
  Run run(settings(OrderPolicy::kBurst));
  CHECK(run.push(spike(30, 1, 0)).empty());
  CHECK(run.push(spike(10, 2, 1)).empty());
  CHECK(run.push(spike(30, 3, 2)).empty());
  CHECK(run.push(spike(20, 4, 3, kFlagBurstEnd)) == Times{10, 20, 30, 30});
  CHECK(run.released.events()[2].payload.spike.channel == 0);
  CHECK(run.released.events()[3].payload.spike.channel == 2);
  CHECK(run.released.released_mono_ns() == 4);
  const OrderFigures& figures = run.order.figures(0);
  CHECK(figures.released == 4);
  CHECK(figures.late == 0);
  CHECK(figures.added_wait_total_ns == 3 + 2 + 1 + 0);
  CHECK(figures.added_wait_max_ns == 3);
}

TEST_CASE("burst: a spike older than the last burst's newest is late") {
  Run run(settings(OrderPolicy::kBurst));
  run.push(spike(30, 1, 0, kFlagBurstEnd));
  CHECK(run.push(spike(29, 2, 0, kFlagBurstEnd)) == Times{29});
  CHECK(run.order.figures(0).late == 1);
}

TEST_CASE("burst: a full buffer and 20 ms without silence end it, nothing is lost") {
  Run full(settings(OrderPolicy::kBurst, 2));
  full.push(spike(3, 0));
  full.push(spike(2, 0));
  CHECK(full.push(spike(1, 0)) == Times{2, 3});
  CHECK(full.order.figures(0).overflowed == 1);
  CHECK(full.push(spike(4, 0, 0, kFlagBurstEnd)) == Times{1, 4});
  Run slow(settings(OrderPolicy::kBurst));
  slow.push(spike(3, 0));
  CHECK(slow.push(spike(4, 20 * kNsPerMs)).empty());
  CHECK(slow.push(spike(5, 20 * kNsPerMs + 1)) == Times{3, 4});
  CHECK(slow.push(tick(40 * kNsPerMs + 2)) == Times{5, 0});
}

TEST_CASE("hold: each goes when the newest is hold_ns past it") {
  Run run(settings(OrderPolicy::kHold));
  CHECK(run.push(spike(100, 1)).empty());
  CHECK(run.push(spike(95, 2)).empty());
  CHECK(run.push(spike(105, 3)) == Times{95});
  CHECK(run.push(spike(109, 4)).empty());
  CHECK(run.push(spike(115, 5)) == Times{100, 105});
  CHECK(run.push(spike(90, 6)) == Times{90});
  CHECK(run.order.figures(0).late == 1);
}

TEST_CASE("hold: a tick lets the last events of a silent source go; a full buffer lets the oldest go") {
  Run run(settings(OrderPolicy::kHold, 2));
  run.push(spike(100, 50));
  CHECK(run.push(tick(200 * kNsPerMs + 60)) == Times{0});
  CHECK(run.push(tick(200 * kNsPerMs + 61)) == Times{100, 0});
  run.push(spike(200, 70));
  run.push(spike(201, 70));
  CHECK(run.push(spike(202, 70)) == Times{200});
  CHECK(run.order.figures(0).overflowed == 1);
}

TEST_CASE("arrival: at once, late ones counted") {
  Run run(settings(OrderPolicy::kArrival));
  CHECK(run.push(spike(30, 1)) == Times{30});
  CHECK(run.push(spike(10, 2)) == Times{10});
  CHECK(run.push(spike(20, 3)) == Times{20});
  CHECK(run.order.figures(0).late == 2);
  CHECK(run.order.figures(0).added_wait_total_ns == 0);
}

TEST_CASE("A source change is a barrier, and an epoch starts lateness anew") {
  const auto policy = GENERATE(OrderPolicy::kBurst, OrderPolicy::kHold);
  Run run(settings(policy));
  run.push(spike(30, 1));
  run.push(spike(29, 1));
  CHECK(run.push(change(SourceChange::kEpoch)) == Times{29, 30, 0});
  CHECK(run.released.events()[2].kind == InputKind::kSource);
  run.push(spike(5, 2));
  run.order.flush(3, run.released);
  CHECK(run.times() == Times{5});
  CHECK(run.order.figures(0).late == 0);
}

TEST_CASE("Sources do not wait for each other, and what has no source passes") {
  Run run(settings(OrderPolicy::kBurst));
  run.push(spike(30, 1, 0, 0, 0));
  CHECK(run.push(spike(40, 1, 0, kFlagBurstEnd, 1)) == Times{40});
  CHECK(run.push(tick(2)) == Times{0});
  CHECK(run.push(spike(31, 1, 0, kFlagBurstEnd, 0)) == Times{30, 31});
}
