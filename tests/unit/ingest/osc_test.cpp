// OSC packets: the specification's own examples byte by byte, bundles, every argument type, damage.
#include "daemon/ingest/osc.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "tests/unit/ingest/osc_bytes.hpp"

using namespace vturn::ingest;
using namespace vturn::test;

namespace {

struct Seen {
  std::string address;
  std::vector<double> numbers;
  std::string types;
};

std::vector<Seen> messages_of(const std::string& bytes) {
  std::vector<Seen> seen;
  OscPacket(bytes).for_each([&](const OscMessage& message) {
    seen.push_back({std::string(message.address),
                    {message.numbers.begin(), message.numbers.begin() + static_cast<std::ptrdiff_t>(message.count)},
                    {message.types.data(), message.count}});
  });
  return seen;
}

bool valid(const std::string& bytes) { return OscPacket(bytes).valid(); }

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 3)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

}  // namespace

TEST_CASE("OSC: the two messages that the specification spells out in bytes") {
  // opensoundcontrol.org, OSC 1.0 specification, examples: OSC Messages.
  const std::string oscillator =
      from_hex("2f 6f 73 63 69 6c 6c 61 74 6f 72 2f 34 2f 66 72 65 71 75 65 6e 63 79 00 2c 66 00 00 43 dc 00 00 ");
  const auto first = messages_of(oscillator);
  REQUIRE(first.size() == 1);
  CHECK(first[0].address == "/oscillator/4/frequency");
  CHECK(first[0].numbers == std::vector<double>{440.0});
  CHECK(first[0].types == "f");
  const std::string foo = from_hex(
      "2f 66 6f 6f 00 00 00 00 2c 69 69 73 66 66 00 00 00 00 03 e8 ff ff ff ff 68 65 6c 6c 6f 00 00 00 3f 9d f3 b6 40 "
      "b5 b2 2d ");
  const auto second = messages_of(foo);
  REQUIRE(second.size() == 1);
  CHECK(second[0].address == "/foo");
  CHECK(second[0].types == "iiff");
  REQUIRE(second[0].numbers.size() == 4);
  CHECK(second[0].numbers[0] == 1000);
  CHECK(second[0].numbers[1] == -1);
  CHECK(second[0].numbers[2] == Approx(1.234));
  CHECK(second[0].numbers[3] == Approx(5.678));
}

TEST_CASE("OSC: doubles and 64-bit integers are numbers too; strings are passed over") {
  const auto seen = messages_of(osc_message("/x", {std::string("label"), 2.5, std::int64_t{1} << 40, std::string()}));
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].types == "dh");
  CHECK(seen[0].numbers == std::vector<double>{2.5, 1099511627776.0});
}

TEST_CASE("OSC: blobs and the types without bytes are passed over, more than eight numbers are left out") {
  const std::string head = osc_string("/x");
  const std::string blob = big_endian(5, 4) + "12345" + std::string(3, '\0');
  const auto seen = messages_of(head + osc_string(",TbFi[NI]crmti") + blob + big_endian(7, 4) + std::string(20, 'z') +
                                big_endian(9, 4));
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].numbers == std::vector<double>{7, 9});
  const auto many = messages_of(osc_message("/x", std::vector<OscValue>(20, std::int32_t{3})));
  REQUIRE(many.size() == 1);
  CHECK(many[0].numbers.size() == OscMessage::kMaxNumbers);
}

TEST_CASE("OSC: bundles give their messages in order, to a depth of four") {
  const std::string one = osc_message("/one", {std::int32_t{1}}), two = osc_message("/two", {std::int32_t{2}});
  const auto seen = messages_of(osc_bundle({one, osc_bundle({two, one}), osc_bundle({}), two}));
  REQUIRE(seen.size() == 4);
  CHECK(seen[1].address == "/two");
  CHECK(seen[2].address == "/one");
  std::string nested = one;
  for (int depth = 0; depth < 4; ++depth) nested = osc_bundle({nested});
  CHECK(messages_of(nested).size() == 1);
  CHECK_FALSE(valid(osc_bundle({nested})));
}

TEST_CASE("OSC: a bundle with one bad message gives none") {
  const std::string good = osc_message("/one", {std::int32_t{1}});
  const std::string bad = osc_string("/one") + osc_string(",i");
  CHECK_FALSE(valid(osc_bundle({good, bad})));
  CHECK(messages_of(osc_bundle({good, bad})).empty());
}

TEST_CASE("OSC: what is no packet is refused") {
  const std::string good = osc_message("/heading", {1.0F});
  CHECK(valid(good));
  CHECK_FALSE(valid(""));
  CHECK_FALSE(valid("heading"));
  CHECK_FALSE(valid(osc_string("heading") + osc_string(",")));    // no slash
  CHECK_FALSE(valid(osc_string("/heading")));                     // no types
  CHECK_FALSE(valid(osc_string("/heading") + osc_string("f")));   // no comma
  CHECK_FALSE(valid(osc_string("/heading") + osc_string(",f")));  // no argument
  CHECK_FALSE(valid(good + good));                                // something behind it
  CHECK_FALSE(valid(osc_string("/heading") + osc_string(",q") + std::string(8, '\0')));
  CHECK_FALSE(valid(osc_string("/heading") + osc_string(",b") + big_endian(0xFFFFFFFF, 4)));
  CHECK_FALSE(valid(osc_string("/heading") + osc_string(",b") + big_endian(5, 4) + "12345"));
  CHECK_FALSE(valid(osc_string("/x") + osc_string(",s") + std::string(kMaxOscBytes, 'a')));
  CHECK(valid(osc_string("/x") + osc_string(",")));
}

TEST_CASE("OSC: a packet cut anywhere or changed anywhere is refused or still a packet") {
  const std::string good = osc_bundle({osc_message("/a", {1.0F, 2.0, std::string("text"), std::int32_t{4}}),
                                       osc_bundle({osc_message("/b/c", {std::int64_t{5}})})});
  REQUIRE(messages_of(good).size() == 2);
  for (std::size_t size = 0; size < good.size(); ++size) {
    // Between elements a shorter bundle is one.
    const bool whole = messages_of(good.substr(0, size)).size() == (size > 16 ? 1U : 0U);
    CHECK((!valid(good.substr(0, size)) || whole));
  }
  std::mt19937 random(5);
  for (int i = 0; i < 50'000; ++i) {
    std::string changed = good;
    for (int n = 0; n < 3; ++n) changed[random() % changed.size()] = static_cast<char>(random());
    for (const Seen& message : messages_of(changed)) CHECK(message.address[0] == '/');
  }
}
