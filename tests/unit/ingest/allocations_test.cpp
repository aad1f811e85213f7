// The reader and the order stage allocate nothing once they are made: operator new is counted while real and damaged
// messages go through, from the first one on.
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>

#include "daemon/ingest/order.hpp"
#include "tests/unit/ingest/reader_run.hpp"

namespace {

std::atomic<bool> counting{false};
std::atomic<std::size_t> allocations{0};

void* counted(std::size_t size) {
  if (counting) ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}

}  // namespace

void* operator new(std::size_t size) {
  if (void* memory = counted(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return counted(size); }
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return counted(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

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
  counting = true;
  operator delete(operator new(8));  // a new-expression could be optimised away
  counting = false;
  CHECK(allocations.exchange(0) == 1);
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
  counting = true;
  MonoNs now_ns = 0;
  for (const auto& message : frames) reader.message(message, now_ns += kNsPerMs, sink);
  counting = false;
  CHECK(allocations.exchange(0) == 0);
  CHECK(sink.events > 500);
  CHECK(reader.counters().malformed == 60);
  CHECK(reader.counters().epochs > 20);
}
