// Properties of the reader under damage: seeded mutations of real and hand-made messages. Whatever comes in, every
// message is accounted for, what is accepted is what was sent, times never leave their bounds.
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "daemon/ingest/order.hpp"
#include "tests/unit/ingest/reader_run.hpp"

using namespace vturn;
using namespace vturn::ingest;
using namespace vturn::test;

namespace {

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t bound) { return bound == 0 ? 0 : random() % bound; }

/// Replaces a number of the header by one that a careless parser trips over.
void replace_number(std::string& text, Random& random) {
  static const std::vector<std::string> numbers = {"-1",
                                                   "0",
                                                   "9223372036854775807",
                                                   "-9223372036854775808",
                                                   "18446744073709551616",
                                                   "1e308",
                                                   "1e999",
                                                   "-0",
                                                   "0.1",
                                                   "281474976710656",
                                                   "-281474976710656",
                                                   "2147483648",
                                                   "1E+2",
                                                   "00",
                                                   "0x10",
                                                   "NaN",
                                                   "null",
                                                   "\"7\"",
                                                   "[]",
                                                   std::string(400, '9')};
  std::vector<std::size_t> starts;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (std::isdigit(static_cast<unsigned char>(text[i])) != 0 && text[i - 1] == ' ') starts.push_back(i);
  }
  if (starts.empty()) return;
  const std::size_t at = starts[below(random, starts.size())];
  const std::size_t end = text.find_first_not_of("0123456789.", at);
  text.replace(at, end - at, numbers[below(random, numbers.size())]);
}

void mutate(Message& message, Random& random) {
  std::string text(message.parts[1].begin(), message.parts[1].end());
  switch (below(random, 7)) {
    case 0:
      if (!text.empty()) text[below(random, text.size())] = static_cast<char>(random());
      break;
    case 1:
      text.resize(below(random, text.size() + 1));
      break;
    case 2:
      text.erase(below(random, text.size() + 1), below(random, 20));
      break;
    case 3:
      text.insert(below(random, text.size() + 1), text.substr(below(random, text.size() + 1), below(random, 60)));
      break;
    case 4:
      text.insert(below(random, text.size() + 1), "\\u00e9\\ud83d\\uD800");
      break;
    case 5:
      replace_number(text, random);
      break;
    default:
      message.parts[2].resize(below(random, 2 * message.parts[2].size() + 2));
      break;
  }
  message.parts[1] = part(text);
}

Message any_message(Random& random, std::int64_t number, SampleIndex sample) {
  switch (below(random, 3)) {
    case 0:
      return data_message(number, sample, std::vector<float>(204, 3), 1, "LFP");
    case 1:
      return spike_message(number, sample);
    default:
      return ttl_message(number, sample);
  }
}

void check_bounds(const CollectingSink& sink) {
  for (const InputEvent& event : sink.events) {
    REQUIRE(std::llabs(event.session_time_ns) <= 3'000'000'000'000'000'000LL);
    if (event.kind != InputKind::kLfp) continue;
    REQUIRE((event.payload.lfp.count >= 1 && event.payload.lfp.count <= kMaxLfpSamples));
    for (const float sample : event.payload.lfp.samples) REQUIRE(std::isfinite(sample));
  }
}

}  // namespace

TEST_CASE("Mutated messages are accounted for, one by one, and leave no trace that grows") {
  Random random(20240611);
  OpenEphysReaderSettings settings = spikes_at_30_khz();
  settings.signals = {{0, "LFP", -1}};
  ReaderRun run(settings);
  const int messages = 60'000;
  for (int i = 0; i < messages; ++i) {
    Message message = any_message(random, i + 1, i * 204LL);
    for (std::size_t k = below(random, 3); k > 0; --k) mutate(message, random);
    run.message(message, i * 6'800'000LL);
  }
  const OpenEphysCounters& counters = run.reader.counters();
  CHECK(counters.received == messages);
  CHECK(counters.parsed + counters.malformed == counters.received);
  std::uint64_t by_code = 0;
  for (const std::uint64_t count : counters.errors) by_code += count;
  CHECK(by_code == counters.malformed);
  CHECK(counters.malformed > messages / 5);
  CHECK(counters.parsed > messages / 3);
  check_bounds(run.sink);
}

TEST_CASE("A truncated header is never accepted, a truncated payload neither") {
  for (const Message& whole : {data_message(1, 0, {1, 2, 3}), spike_message(1, 0), ttl_message(1, 0)}) {
    ZmqInterfaceParser parser;
    GuiMessage parsed;
    for (std::size_t kept = 0; kept < whole.parts[1].size(); ++kept) {
      Message cut = whole;
      cut.parts[1].resize(kept);
      REQUIRE(parser.parse(cut.frames(), parsed) == ParseError::kJson);
    }
    for (std::size_t kept = 0; kept < whole.parts[2].size(); ++kept) {
      Message cut = whole;
      cut.parts[2].resize(kept);
      REQUIRE(parser.parse(cut.frames(), parsed) == ParseError::kPayloadSize);
    }
  }
}

TEST_CASE("Any order of keys, with unknown keys between, reads alike") {
  Random random(7);
  std::vector<std::string> outer = {R"("message_num":12)", R"("type":"spike")", R"("timestamp":1)",
                                    R"("new":{"a":[1]})"};
  std::vector<std::string> inner = {R"("stream":"s")",      R"("electrode":"Electrode 3")",
                                    R"("sample_num":-5)",   R"("num_channels":2)",
                                    R"("num_samples":1)",   R"("sorted_id":1)",
                                    R"("threshold":[1.5])", R"("future":null)"};
  const auto joined = [](const std::vector<std::string>& fields) {
    std::string text;
    for (const std::string& field : fields) text += (text.empty() ? "" : ",") + field;
    return "{" + text + "}";
  };
  ZmqInterfaceParser parser;
  for (int i = 0; i < 500; ++i) {
    std::shuffle(inner.begin(), inner.end(), random);
    auto fields = outer;
    fields.push_back("\"spike\":" + joined(inner));
    std::shuffle(fields.begin(), fields.end(), random);
    const Message message{{envelope("EVENT"), part(joined(fields)), floats({1, 2})}};
    GuiMessage parsed;
    REQUIRE(parser.parse(message.frames(), parsed) == ParseError::kNone);
    CHECK(parsed.message_num == 12);
    CHECK(parsed.electrode == "Electrode 3");
    CHECK(parsed.sample_num == -5);
    CHECK(parsed.num_channels == 2);
  }
}

TEST_CASE("Lost blocks anywhere: what is lost is counted exactly, and decimated samples keep to their grid") {
  Random random(99);
  OpenEphysReaderSettings settings;
  settings.signals = {{0, "LFP", -1}};
  ReaderRun run(settings);
  std::uint64_t lost = 0, waiting = 0;
  for (int i = 0; i < 5000; ++i) {
    if (i > 0 && below(random, 10) == 0) {
      ++waiting;
      continue;
    }
    lost += std::exchange(waiting, 0);
    run.message(data_message(i + 1, i * 87LL, std::vector<float>(87, 1), 1, "LFP"), i * 2'900'000LL);
  }
  CHECK(run.reader.counters().lost == lost);
  CHECK(run.reader.counters().epochs == 0);
  for (const InputEvent& event : run.sink.of(InputKind::kLfp)) {
    REQUIRE(event.source_sample % 30 == 0);
    REQUIRE(event.session_time_ns == event.source_sample / 30 * kNsPerMs);
  }
}

TEST_CASE("Random policies of ordering lose nothing, sort within what they release, and agree on the set") {
  Random random(5);
  const auto capture = load_capture("capture-spikes-b1024.bin");
  if (!capture) return;
  ReaderRun run(spikes_at_30_khz());
  run.capture(*capture);
  for (const OrderPolicy policy : {OrderPolicy::kBurst, OrderPolicy::kHold, OrderPolicy::kArrival}) {
    OrderSettings settings;
    settings.sources[0] = {policy, 30 * kNsPerMs};
    Order order(settings);
    ReleasedEvents released(order.max_released());
    std::vector<SessionNs> times;
    const auto take = [&] {
      for (const InputEvent& event : released.events()) times.push_back(event.session_time_ns);
    };
    for (InputEvent event : run.sink.events) {
      if (below(random, 40) == 0) event.flags |= kFlagBurstEnd;
      order.push(event, released);
      take();
    }
    order.flush(0, released);
    take();
    CHECK(times.size() == run.sink.events.size());
    // A hold of 30 ms is longer than a block and 100 samples (26.5 ms): all is in order.
    if (policy == OrderPolicy::kHold) CHECK(std::is_sorted(times.begin() + 1, times.end()));
    if (policy == OrderPolicy::kArrival) CHECK_FALSE(std::is_sorted(times.begin(), times.end()));
  }
}
