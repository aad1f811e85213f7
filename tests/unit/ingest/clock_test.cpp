#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "daemon/ingest/session_clock.hpp"
#include "daemon/ingest/source_clock.hpp"
#include "tests/unit/ingest/clock_truth.hpp"

using namespace vturn;
using namespace vturn::ingest;

TEST_CASE("a steered line bends to its target without a step and never runs back") {
  ClockLine line;
  line.steer(0, 1'000, 1.0);
  CHECK(line.at(0) == 1'000);
  CHECK(line.at(500) == 1'500);
  const std::int64_t before = line.at(kNsPerS);
  line.steer(kNsPerS, before - 10 * kNsPerMs, 1.0);
  CHECK(line.at(kNsPerS) == before);
  CHECK(line.pending_ns(kNsPerS) == Approx(10e6));
  std::int64_t last = before;
  for (std::int64_t own = kNsPerS; own < 5 * kNsPerS; own += kNsPerMs) {
    CHECK(line.at(own) >= last);
    last = line.at(own);
  }
  CHECK(line.at(5 * kNsPerS) == before + 4 * kNsPerS - 10 * kNsPerMs);
  CHECK(line.pending_ns(5 * kNsPerS) == 0.0);
}

TEST_CASE("the inverse of a line undoes it on both of its pieces") {
  ClockLine line;
  line.steer(100, 7'000'000'000, 1.00005);
  line.steer(kNsPerS, line.at(kNsPerS) + 3 * kNsPerMs, 0.99996);
  for (std::int64_t own = 0; own < 6 * kNsPerS; own += 37 * kNsPerMs)
    CHECK(std::abs(line.inverse(line.at(own)) - own) <= 1);
}

TEST_CASE("the session clock knows nothing before its master was heard") {
  SessionClock clock;
  CHECK(clock.map(kNsPerS).epoch_plus_one == 0);
  CHECK(clock.map(kNsPerS).uncertainty_ns == kUnknownUncertaintyNs);
  clock.publish(kNsPerS, 0, 0);
  CHECK(clock.map(kNsPerS).epoch_plus_one == 1);
  CHECK(clock.map(kNsPerS).session_ns == 0);
}

TEST_CASE("a new epoch of the master is seen, and is uncertain until it has settled") {
  SessionClock clock;
  for (int i = 0; i < 1000; ++i) clock.publish(i * 20 * kNsPerMs, i * 20 * kNsPerMs, 0);
  const MonoNs now = 20 * kNsPerS;
  CHECK(clock.map(now).uncertainty_ns < kNsPerMs);
  clock.publish(now, now + 50 * kNsPerMs, 1);
  CHECK(clock.map(now).epoch_plus_one == 2);
  CHECK(clock.map(now).uncertainty_ns > 50 * kNsPerMs);
  for (int i = 1; i < 500; ++i) clock.publish(now + i * 20 * kNsPerMs, now + (50 + i * 20) * kNsPerMs, 1);
  const MonoNs later = now + 10 * kNsPerS;
  CHECK(std::abs(clock.map(later).session_ns - (later + 50 * kNsPerMs)) < kNsPerMs);
  CHECK(clock.map(later).uncertainty_ns < kNsPerMs);
}

TEST_CASE("an accelerated run maps in session seconds a wall second") {
  SessionClock clock(20.0);
  for (int i = 0; i < 2000; ++i) clock.publish(i * 10 * kNsPerMs, i * 200 * kNsPerMs, 0);
  const auto mapped = clock.map(19'990 * kNsPerMs);
  CHECK(std::abs(mapped.session_ns - 1999 * 200 * kNsPerMs) <= 1000);
  CHECK(mapped.uncertainty_ns < 10 * kNsPerMs);
}

TEST_CASE("TTL edges reach a reader in order; what it was too slow for is skipped, nothing is read twice") {
  SessionClock clock;
  std::uint64_t cursor = 0;
  std::array<SessionNs, 100> edges{};
  CHECK(clock.ttl_edges(3, cursor, edges.data(), edges.size()) == 0);
  for (SessionNs t = 1; t <= 10; ++t) clock.ttl_edge(3, t);
  clock.ttl_edge(4, 999);
  CHECK(clock.ttl_edges(3, cursor, edges.data(), 4) == 4);
  CHECK(edges[0] == 1);
  CHECK(clock.ttl_edges(3, cursor, edges.data(), edges.size()) == 6);
  CHECK(edges[5] == 10);
  for (SessionNs t = 11; t <= 500; ++t) clock.ttl_edge(3, t);
  const std::uint32_t count = clock.ttl_edges(3, cursor, edges.data(), edges.size());
  REQUIRE(count == SessionClock::kEdgesPerLine - 1);
  CHECK(edges[count - 1] == 500);
  for (std::uint32_t i = 1; i < count; ++i) CHECK(edges[i] == edges[i - 1] + 1);
  CHECK(clock.ttl_edges(3, cursor, edges.data(), edges.size()) == 0);
  clock.ttl_edge(SessionClock::kLines, 1);
  CHECK(clock.ttl_edges(SessionClock::kLines, cursor, edges.data(), edges.size()) == 0);
}

TEST_CASE("readers beside the writer see whole snapshots and rising edges") {
  SessionClock clock;
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> reads{0};
  std::uint64_t wrong = 0;
  clock.publish(0, 0, 0);
  std::thread reader([&] {
    std::uint64_t cursor = 0;
    SessionNs last = 0;
    std::array<SessionNs, 16> edges{};
    while (!stop.load()) {
      ++reads;
      // Session time is monotonic time here, so any torn snapshot shows.
      const auto mapped = clock.map(5 * kNsPerS);
      if (mapped.epoch_plus_one != 0 && std::abs(mapped.session_ns - 5 * kNsPerS) > 2) ++wrong;
      const std::uint32_t n = clock.ttl_edges(0, cursor, edges.data(), edges.size());
      for (std::uint32_t i = 0; i < n; ++i) {
        if (edges[i] <= last) ++wrong;
        last = edges[i];
      }
    }
  });
  while (reads.load() == 0) std::this_thread::yield();
  for (std::int64_t i = 1; i < 100'000; ++i) {
    clock.publish(i * kNsPerMs, i * kNsPerMs, 0);
    clock.ttl_edge(0, i);
  }
  stop = true;
  reader.join();
  CHECK(wrong == 0);
}

TEST_CASE("a rig file's clock is read, and refused with what would be right") {
  CHECK_FALSE(parse_source_clock("arrival", 1.0)->by_ttl);
  const auto ttl = parse_source_clock("ttl:7", 2.0);
  REQUIRE(ttl);
  CHECK(ttl->by_ttl);
  CHECK(ttl->line == 7);
  CHECK(ttl->speed == 2.0);
  for (const char* bad : {"", "ttl", "ttl:", "ttl:x", "ttl:1x", "ttl:-1", "ttl:256", "ttl:99999999999", "master"}) {
    const auto refused = parse_source_clock(bad, 1.0);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().find("expected \"arrival\" or \"ttl:LINE\"") != std::string::npos);
  }
}

TEST_CASE("a source without a master has no session time and says so") {
  SessionClock session;
  const test::DirectMaster view(session);
  SourceClock clock({}, view);
  CHECK(clock.map(0).uncertainty_ns == kUnknownUncertaintyNs);
  clock.observe(10, 20);
  CHECK(clock.map(10).uncertainty_ns == kUnknownUncertaintyNs);
}

TEST_CASE("an uncertainty is told at first, when it crosses the bound and when it changes by half") {
  UncertaintyReport report(5 * kNsPerMs);
  CHECK(report.worth_telling(3 * kNsPerMs));
  CHECK_FALSE(report.worth_telling(3 * kNsPerMs));
  CHECK_FALSE(report.worth_telling(4 * kNsPerMs));
  CHECK(report.worth_telling(4'600'000));
  CHECK(report.worth_telling(5'100'000));
  CHECK_FALSE(report.worth_telling(5'000'001));
  CHECK(report.worth_telling(4'900'000));
  CHECK(report.worth_telling(2'000'000));
}
