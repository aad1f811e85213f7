// TTL edges out of a word per sample, with the one sample that the Falcon Output leaves stale.
#include "daemon/ingest/event_codes.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <tuple>
#include <vector>

using namespace vturn::ingest;

namespace {

using Edge = std::tuple<std::size_t, unsigned, unsigned>;  ///< sample, line, state

std::vector<Edge> edges_of(EventCodes& codes, const std::vector<std::uint16_t>& words) {
  std::vector<std::uint8_t> bytes;
  for (const std::uint16_t word : words) {
    bytes.push_back(static_cast<std::uint8_t>(word));
    bytes.push_back(static_cast<std::uint8_t>(word >> 8));
  }
  std::vector<Edge> edges;
  codes.block(bytes, [&](std::size_t at, unsigned line, unsigned state, unsigned word) {
    CHECK((word >> line & 1U) == state);
    edges.emplace_back(at, line, state);
  });
  return edges;
}

/// What the plugin sends of a block with these edges: it fills up to two samples before each edge, and the sample
/// before the edge keeps what an older block had there.
std::vector<std::uint16_t> as_the_plugin_writes(std::vector<std::uint16_t> older, const std::vector<Edge>& edges,
                                                std::uint16_t& state) {
  std::size_t from = 0;
  for (const auto& [at, line, value] : edges) {
    for (std::size_t i = from; i + 1 < at; ++i) older[i] = state;
    state = static_cast<std::uint16_t>(value != 0 ? state | 1U << line : state & ~(1U << line));
    older[from = at] = state;
  }
  for (std::size_t i = from; i < older.size(); ++i) older[i] = state;
  return older;
}

}  // namespace

TEST_CASE("Edges come at their sample, line by line, through blocks") {
  EventCodes codes;
  CHECK(edges_of(codes, {0, 0, 1, 1, 1}) == std::vector<Edge>{{2, 0, 1}});
  CHECK(edges_of(codes, {1, 1, 1}).empty());
  CHECK(edges_of(codes, {0x8000, 0x8000, 0x8000}) == std::vector<Edge>{{0, 0, 0}, {0, 15, 1}});
  CHECK(edges_of(codes, {}).empty());
}

TEST_CASE("The first block, and one after a gap, find the lines as they are") {
  EventCodes codes;
  CHECK(edges_of(codes, {5, 5, 4, 4}) == std::vector<Edge>{{2, 0, 0}});
  codes.restart();
  CHECK(edges_of(codes, {3, 3, 3}).empty());
  CHECK(edges_of(codes, {2, 2}) == std::vector<Edge>{{0, 0, 0}});
}

TEST_CASE("A line that differs for one sample has not changed; the last sample of a block is taken at its word") {
  EventCodes codes;
  CHECK(edges_of(codes, {0, 0, 0xFFFF, 0, 0}).empty());
  CHECK(edges_of(codes, {0, 2, 1, 1}) == std::vector<Edge>{{2, 0, 1}});
  CHECK(edges_of(codes, {1, 1, 3}) == std::vector<Edge>{{2, 1, 1}});
  CHECK(edges_of(codes, {3}).empty());
}

TEST_CASE("Random edges as the plugin writes them: all come, in order, at most one sample early") {
  std::mt19937 random(3);
  EventCodes codes;
  std::vector<std::uint16_t> words(300, 0);
  std::uint16_t state = 0;
  edges_of(codes, words);
  std::size_t early = 0, all = 0;
  for (int block = 0; block < 500; ++block) {
    std::vector<Edge> sent;
    std::uint16_t after = state;
    for (std::size_t at = random() % 40; at < words.size(); at += 3 + random() % 60) {
      const auto line = static_cast<unsigned>(random() % 16);
      after ^= static_cast<std::uint16_t>(1U << line);
      sent.emplace_back(at, line, after >> line & 1U);
    }
    words = as_the_plugin_writes(words, sent, state);
    const auto found = edges_of(codes, words);
    REQUIRE(found.size() == sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) {
      CHECK(std::get<1>(found[i]) == std::get<1>(sent[i]));
      CHECK(std::get<2>(found[i]) == std::get<2>(sent[i]));
      const std::size_t lead = std::get<0>(sent[i]) - std::get<0>(found[i]);
      REQUIRE(lead <= 1);
      early += lead;
      ++all;
    }
  }
  CHECK(all > 3000);
  CHECK(early > 0);
}
