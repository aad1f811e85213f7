// The triple buffer between the decision thread and the control thread.
#include "daemon/rt/latest.hpp"

#include <catch2/catch.hpp>
#include <thread>

TEST_CASE("the reader sees whole values, never an older one than before, and the last one in the end") {
  struct Value {
    std::uint64_t a = 0;
    std::array<std::uint64_t, 30> rest{};
  };
  constexpr std::uint64_t kLast = 200000;
  vturn::rt::Latest<Value> latest;
  CHECK(latest.read().a == 0);
  std::thread writer([&] {
    Value value;
    for (std::uint64_t i = 1; i <= kLast; ++i) {
      value.a = i;
      value.rest.fill(i);
      latest.write(value);
    }
  });
  std::uint64_t before = 0;
  bool whole = true;
  bool rising = true;
  while (before < kLast) {
    const Value& value = latest.read();
    for (const std::uint64_t x : value.rest) whole = whole && x == value.a;
    rising = rising && value.a >= before;
    before = value.a;
  }
  writer.join();
  CHECK(whole);
  CHECK(rising);
}
