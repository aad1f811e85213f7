// Bounds and order of the queue between readers and the decision thread.
#include "daemon/rt/event_queue.hpp"

#include <catch2/catch.hpp>
#include <thread>

using vturn::InputEvent;
using vturn::rt::EventQueue;

namespace {

InputEvent numbered(std::uint16_t source, std::int64_t number) {
  InputEvent event;
  event.source = source;
  event.source_sample = number;
  return event;
}

}  // namespace

TEST_CASE("each producer has its own exact bound and refusals are counted") {
  EventQueue queue({100, 1000});
  for (int i = 0; i < 150; ++i) {
    const InputEvent event = numbered(0, i);
    CHECK(queue.producer(0).try_push(&event, 1) == (i < 100 ? 1U : 0U));
  }
  CHECK(queue.producer(0).refused() == 50);
  for (int i = 0; i < 1000; ++i) {
    const InputEvent event = numbered(1, i);
    REQUIRE(queue.producer(1).try_push(&event, 1) == 1);  // a full neighbour must not starve it
  }
  CHECK(queue.depth() == 1100);
  std::vector<InputEvent> out(2000);
  CHECK(queue.try_pop(out.data(), out.size()) == 1100);
  queue.taken(0, 100);
  queue.taken(1, 1000);
  const InputEvent event = numbered(0, 1);
  CHECK(queue.producer(0).try_push(&event, 1) == 1);
}

TEST_CASE("of a burst that does not fit the first events are taken, the rest is counted") {
  EventQueue queue({10});
  std::vector<InputEvent> burst;
  for (int i = 0; i < 8; ++i) burst.push_back(numbered(0, i));
  CHECK(queue.producer(0).try_push(burst.data(), 8) == 8);
  CHECK(queue.producer(0).try_push(burst.data(), 8) == 2);
  CHECK(queue.producer(0).refused() == 6);
  std::vector<InputEvent> out(20);
  REQUIRE(queue.try_pop(out.data(), out.size()) == 10);
  CHECK(out[8].source_sample == 0);
  CHECK(out[9].source_sample == 1);
}

TEST_CASE("two producers at full speed lose nothing and keep their order") {
  constexpr std::int64_t kEach = 200000;
  EventQueue queue({4096, 4096});
  const auto produce = [&](std::uint16_t source) {
    for (std::int64_t i = 0; i < kEach;) {
      const InputEvent event = numbered(source, i);
      if (queue.producer(source).try_push(&event, 1) == 1)
        ++i;
      else
        std::this_thread::yield();
    }
  };
  std::thread a(produce, 0);
  std::thread b(produce, 1);
  std::array<std::int64_t, 2> next{0, 0};
  std::array<InputEvent, 256> out;
  bool ordered = true;
  while (next[0] < kEach || next[1] < kEach) {
    const std::size_t count = queue.wait_pop(out.data(), out.size(), 10000);
    for (std::size_t i = 0; i < count; ++i) {
      ordered = ordered && out[i].source_sample == next[out[i].source];
      ++next[out[i].source];
      queue.taken(out[i].source, 1);
    }
  }
  a.join();
  b.join();
  CHECK(ordered);
}
