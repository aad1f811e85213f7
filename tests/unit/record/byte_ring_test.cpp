// The recorder's queue: records of differing size come out as they went in, the bound is kept, nothing is torn.
#include "daemon/record/byte_ring.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <deque>
#include <random>
#include <thread>

using vturn::record::ByteRing;

namespace {

bool push(ByteRing& ring, const std::string& record) {
  char* into = ring.try_claim(record.size());
  if (into == nullptr) return false;
  std::memcpy(into, record.data(), record.size());
  ring.commit();
  return true;
}

// The content follows from the number alone, so that the consumer can check it without sharing anything.
std::string record_number(std::uint64_t number) {
  std::string record(8 + number * 37 % 250, static_cast<char>('a' + number % 26));
  std::memcpy(record.data(), &number, sizeof number);
  return record;
}

}  // namespace

TEST_CASE("records leave the ring as they came, whatever their size and the wrap") {
  ByteRing ring(4096);
  std::mt19937 random(7);
  std::deque<std::string> model;
  std::uint64_t number = 0;
  std::size_t refused = 0;
  for (int step = 0; step < 200000; ++step) {
    if (random() % 2 == 0) {
      const std::string record = record_number(number++);
      if (push(ring, record)) {
        model.push_back(record);
      } else {
        // A record is refused only when it, its size word and the skipped end of the buffer do not fit.
        REQUIRE(ring.free_bytes() < 2 * (record.size() + 16));
        ++refused;
      }
    } else if (model.empty()) {
      REQUIRE(ring.front().empty());
    } else {
      REQUIRE(ring.front() == model.front());
      ring.release();
      model.pop_front();
    }
    REQUIRE(ring.depth() <= ring.capacity());
  }
  CHECK(refused > 0);
}

TEST_CASE("an oversized record is refused, an unfinished one is invisible") {
  ByteRing ring(8192);
  CHECK(ring.try_claim(ByteRing::kMaxRecordBytes + 1) == nullptr);
  REQUIRE(ring.try_claim(100) != nullptr);
  CHECK(ring.front().empty());
  CHECK(ring.depth() == 0);
  ring.commit();
  CHECK(ring.front().size() == 100);
}

TEST_CASE("one thread in, one thread out: order and content hold") {
  ByteRing ring(8192);
  constexpr std::uint64_t kRecords = 200000;
  std::thread producer([&] {
    for (std::uint64_t number = 0; number < kRecords; ++number)
      while (!push(ring, record_number(number))) std::this_thread::yield();
  });
  std::uint64_t wrong = 0;
  for (std::uint64_t number = 0; number < kRecords;) {
    const auto record = ring.front();
    if (record.empty()) {
      std::this_thread::yield();
      continue;
    }
    if (record != record_number(number)) ++wrong;
    ring.release();
    ++number;
  }
  producer.join();
  CHECK(wrong == 0);
  CHECK(ring.depth() == 0);
}
