// The reader and the order stage allocate nothing once they are made: operator new is counted while real and damaged
// messages go through, from the first one on.
#include <catch2/catch.hpp>
#include <new>

#include "daemon/ingest/order.hpp"
#include "tests/unit/ingest/counted_new.hpp"
#include "tests/unit/ingest/feed_messages.hpp"
#include "tests/unit/ingest/reader_run.hpp"
#include "tests/unit/ingest/rhx_streams.hpp"

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

TEST_CASE("No allocation from the first message on in the other feeds either, whole, damaged or misplaced in memory") {
  const bool is_falcon = GENERATE(true, false);
  std::vector<Message> messages;
  for (int i = 1; i <= 200; ++i) {
    const auto number = static_cast<std::uint64_t>(i);
    if (is_falcon) {
      messages.push_back(falcon_message(falcon_block(number % 60, 300 * number % 20'000, 300, 4)));
    } else {
      messages.push_back(json_spike(i * 300, "Electrode " + std::to_string(i), {80.0F, 90.0F}));
      messages.push_back(raw_spike(i * 300 + 5, static_cast<std::uint16_t>(i)));
      messages.push_back(i % 2 == 0 ? raw_ttl(i * 300) : json_ttl(i * 300, i, "true"));
    }
    if (i % 9 == 0) messages.back().parts.back().resize(17);
  }
  OpenEphysReaderSettings settings = spikes_at_30_khz();
  settings.feed = is_falcon ? GuiFeed::kFalconOutput : GuiFeed::kEventBroadcaster;
  if (is_falcon) settings.signals = {{0, "", 2}};
  OpenEphysReader reader(settings);
  OrderingSink sink;
  std::vector<std::uint8_t> misplaced(20'000);
  MonoNs now_ns = 0;
  std::uint64_t allocations = 0;
  for (const Message& message : messages) {
    auto frames = message.frames();
    std::copy(frames.back().begin(), frames.back().end(), misplaced.begin() + 3);
    frames.back() = {misplaced.data() + 3, frames.back().size()};
    count_allocations(true);
    reader.message(frames, now_ns += kNsPerMs, sink);
    count_allocations(false);
    allocations += take_allocations();
  }
  CHECK(allocations == 0);
  CHECK(sink.events > 200);
  CHECK(reader.counters().malformed == 22);
}

TEST_CASE("No allocation in the RHX reader from the first byte on, over runs, gaps, damage and other columns") {
  const std::vector<RhxColumns> sets = {rhx_columns_of({"A-000", "A-AUX1", "DIGITAL-IN-01"}), rhx_columns_of({"A-001"}),
                                        rhx_columns_of({})};
  struct Output final : RhxOutputSink {
    void output_edge(const RhxOutputEdge&) noexcept override {}
  } outputs;
  RhxReaderSettings settings = rhx_settings();
  settings.columns = sets[0];
  settings.signals = {{0, "A-000", -1}, {1, "A-AUX1", -1}};
  settings.outputs = &outputs;
  RhxReader reader(settings);
  OrderingSink sink;
  MonoNs now_ns = kNsPerS;
  std::uint64_t allocations = 0;
  for (std::uint32_t i = 0; i < 600; ++i) {
    const std::size_t set = i / 50 % sets.size();
    const std::uint32_t timestamp = i % 200 * 128 + (i % 17 == 0 ? 7 : 0);
    ByteVector frames =
        rhx_block(timestamp, sets[set].size(), [&](std::size_t frame, std::size_t) { return i + frame; });
    ByteVector chunks = rhx_chunk(timestamp + 20, "A-0" + std::to_string(10 + i % 80));
    append(chunks, rhx_chunk(timestamp + 21, "B-001", 0x80));
    if (i % 23 == 0) frames.erase(frames.begin() + 100, frames.begin() + 150);
    if (i % 29 == 0) chunks[0] = 0;
    count_allocations(true);
    reader.waveform(frames, now_ns += 6'400'000, sink);
    reader.spikes(chunks, now_ns, sink);
    if (reader.columns_in_doubt()) reader.set_columns(sets[set]);
    if (i == 333) reader.stalled();
    if (i % 100 == 99) reader.waveform_connected();
    count_allocations(false);
    allocations += take_allocations();
  }
  CHECK(allocations == 0);
  CHECK(sink.events > 1000);
  CHECK(reader.epoch() >= 2);
  CHECK(reader.counters().column_changes > 5);
  CHECK(reader.waveform_counters().resyncs > 10);
  CHECK(reader.spike_counters().resyncs > 10);
}
