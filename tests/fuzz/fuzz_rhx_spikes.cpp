// Any bytes as RHX's spike stream, in reads of any size, against a parser that has all of them at once.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "daemon/ingest/rhx_spikes.hpp"

using namespace vturn::ingest;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool begins_chunk(Bytes bytes) {
  constexpr std::uint8_t kMagic[] = {0x0f, 0x71, 0xe2, 0x3a};
  const auto letter = [](std::uint8_t byte) { return byte > ' ' && byte <= '~'; };
  return bytes.size() >= 14 && std::memcmp(bytes.data(), kMagic, 4) == 0 &&
         std::all_of(bytes.begin() + 4, bytes.begin() + 9, letter);
}

/// The next chunk of the whole stream at or behind `at`, which moves beyond it.
const std::uint8_t* next_chunk(Bytes bytes, std::size_t& at) {
  while (at < bytes.size() && !begins_chunk(bytes.subspan(at))) ++at;
  if (at >= bytes.size()) return nullptr;
  at += 14;
  return &bytes[at - 14];
}

}  // namespace

/// Input: size of reads, then the bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  static RhxSpikeParser parser;
  parser.break_off();
  const Bytes bytes(data + 1, size - 1);
  const std::size_t read = 1 + data[0];
  std::size_t at = 0;
  for (Bytes left = bytes; !left.empty();) {
    left = left.subspan(parser.store(left.first(std::min(read, left.size()))));
    RhxSpike spike;
    while (parser.next(spike)) {
      const std::uint8_t* expected = next_chunk(bytes, at);
      require(expected != nullptr && at <= bytes.size() - left.size());
      require(std::memcmp(spike.name.data(), expected + 4, 5) == 0 && spike.id == expected[13]);
      std::uint32_t timestamp = 0;
      std::memcpy(&timestamp, expected + 9, 4);
      require(spike.timestamp == timestamp && spike.artefact() == (expected[13] >= 128));
    }
  }
  require(next_chunk(bytes, at) == nullptr);
  const RhxSpikeCounters& counters = parser.counters();
  require(counters.bytes == counters.spikes * kRhxSpikeBytes + counters.bytes_skipped + parser.held());
  require(parser.held() < kRhxSpikeBytes);
  return 0;
}
