// The decision thread publishes: once warm, it must not allocate for it, encoding and ZeroMQ's send included.
#include <atomic>
#include <cstdio>

#include "tests/helpers/rt_guard.hpp"
#include "tests/unit/publish/loopback.hpp"

namespace {

using namespace vturn;
using namespace vturn::test;

TEST_CASE("the guard sees allocations and locks of this thread, and only within a section") {
  reset_rt_counts();
  auto outside = std::make_unique<int>(1);
  CHECK(RtSection::counts().allocations == 0);
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  {
    const RtSection section;
    auto inside = std::make_unique<int>(*outside);
    std::vector<int> grown(static_cast<std::size_t>(*inside) + 100);
    grown.push_back(1);
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
  }
  CHECK(RtSection::counts().allocations == 3);
  CHECK(RtSection::counts().frees == 3);
  CHECK(RtSection::counts().locks == 1);
}

/// Every kind of output, headings mostly, as a night has them.
OutputEvent event_of(int i) {
  constexpr OutputKind kKinds[] = {OutputKind::kHeading, OutputKind::kSleep,   OutputKind::kHeading,
                                   OutputKind::kTurn,    OutputKind::kHeading, OutputKind::kPopulation,
                                   OutputKind::kTrigger, OutputKind::kVeto,    OutputKind::kSession};
  OutputEvent event = output(kKinds[i % 9], i);
  if (event.kind == OutputKind::kHeading) {
    event.payload.heading = {1.0F, 1.1F, 0.9F, 0.1F, 0.2F, 0.7F, -3.0F, 0.2F, 80.0F, Dynamics::kRem, 0.5F, 0.1F};
  }
  if (event.kind == OutputKind::kSleep) event.payload.sleep.feature_count = static_cast<std::uint8_t>(i % 8);
  return event;
}

TEST_CASE("publishing 10,000 events to a live subscriber allocates nothing on the publishing thread") {
  Publisher publisher;
  publisher.prepare(publisher_settings(), encoder_settings());
  Subscriber subscriber(publisher.endpoint(), {""});
  await_subscribed(publisher, subscriber);

  std::atomic<int> received{0};
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop) received += subscriber.receive(std::chrono::milliseconds(20)).has_value() ? 1 : 0;
  });
  int published = 0;
  const auto publish = [&](int count) {
    for (int i = 0; i < count; ++i) {
      publisher.publish(event_of(published), {.kernel_receive_ns = 1'000'000'000'000 + published});
      ++published;
      publisher.service();
      // In flight at once: what one burst of input may give, well below ZeroMQ's 256-message block.
      if (published % 4 == 0) {
        while (received < published) std::this_thread::yield();
      }
    }
  };
  publish(2'000);
  reset_rt_counts();
  {
    const RtSection section;
    publish(10'000);
  }
  const RtCounts counts = RtSection::counts();
  std::printf("publishing 10,000 events: %llu allocations, %llu frees, %llu mutex locks\n",
              static_cast<unsigned long long>(counts.allocations), static_cast<unsigned long long>(counts.frees),
              static_cast<unsigned long long>(counts.locks));
  while (received < published) std::this_thread::yield();
  stop = true;
  reader.join();
  CHECK(counts.allocations == 0);
  CHECK(counts.frees == 0);
  CHECK(publisher.dropped() == 0);
  CHECK(publisher.copied() == 0);
}

}  // namespace
