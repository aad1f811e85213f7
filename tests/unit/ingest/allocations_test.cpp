// The reader and the order stage allocate nothing once they are made: operator new is counted while real and damaged
// messages go through, from the first one on.
#include <catch2/catch.hpp>
#include <new>

#include "daemon/ingest/order.hpp"
#include "tests/unit/ingest/counted_new.hpp"
#include "tests/unit/ingest/reader_run.hpp"

using namespace vturn;
using namespace vturn::ingest;
using namespace vturn::test;

namespace {

struct OrderingSink final : EventSink {
  OrderingSink() : order(OrderSettings{}), released(order.max_released()) {}
  void event(const InputEvent& event, std::int64_t) noexcept override {
    order.push(event, released);
    ++events;
  }
  Order order;
  ReleasedEvents released;
  std::size_t events = 0;
};

}  // namespace

TEST_CASE("The counter counts") {
  count_allocations(true);
  operator delete(operator new(8));  // a new-expression could be optimised away
  count_allocations(false);
  CHECK(take_allocations() == 1);
}

TEST_CASE("No allocation from the first message on, for long headers, damage, gaps and new epochs too") {
  std::vector<Message> messages;
  for (int i = 1; i <= 300; ++i) {
    messages.push_back(spike_message(i % 100, i * 3, "Electrode " + std::to_string(i)));
    messages.push_back(data_message(i + 7, i * 204LL, std::vector<float>(204, 1), 0, "LFP", "30000.0",
                                    std::string(static_cast<std::size_t>(i % 256), 's')));
    messages.push_back(ttl_message(i, -i));
    messages.back().parts[1].resize(i % 5 == 0 ? 30 : static_cast<std::size_t>(i) * 50 + 200, ' ');
  }
  std::vector<std::vector<Bytes>> frames;
  for (const Message& message : messages) frames.push_back(message.frames());
  OpenEphysReaderSettings settings = spikes_at_30_khz();
  settings.signals = {{0, "LFP", -1}};
  OpenEphysReader reader(settings);
  OrderingSink sink;
  count_allocations(true);
  MonoNs now_ns = 0;
  for (const auto& message : frames) reader.message(message, now_ns += kNsPerMs, sink);
  count_allocations(false);
  CHECK(take_allocations() == 0);
  CHECK(sink.events > 500);
  CHECK(reader.counters().malformed == 60);
  CHECK(reader.counters().epochs > 20);
}
