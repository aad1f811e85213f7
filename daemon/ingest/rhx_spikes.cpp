#include "daemon/ingest/rhx_spikes.hpp"

#include <algorithm>
#include <utility>

namespace vturn::ingest {
namespace {

constexpr std::size_t kRoomBytes = 64 * 1024;

bool printable(std::uint8_t letter) noexcept { return letter > 0x20 && letter < 0x7f; }

}  // namespace

RhxSpikeParser::RhxSpikeParser() : buffer_(kRoomBytes) {}

void RhxSpikeParser::break_off() noexcept {
  skip(buffer_.held().size());
  in_step_ = false;
}

std::size_t RhxSpikeParser::store(Bytes bytes) noexcept {
  const std::size_t stored = buffer_.store(bytes);
  counters_.bytes += stored;
  return stored;
}

bool RhxSpikeParser::next(RhxSpike& spike) noexcept {
  for (;;) {
    skip(find_magic(buffer_.held(), kRhxSpikeMagic));
    const Bytes held = buffer_.held();
    if (held.size() < kRhxSpikeBytes) return false;
    const Bytes name = held.subspan(4, spike.name.size());
    if (std::all_of(name.begin(), name.end(), printable)) break;
    skip(1);
  }
  const std::uint8_t* chunk = buffer_.held().data();
  std::copy_n(chunk + 4, spike.name.size(), spike.name.begin());
  spike.timestamp = u32_at(chunk + 9);
  spike.id = chunk[13];
  buffer_.drop(kRhxSpikeBytes);
  ++counters_.spikes;
  in_step_ = true;
  return true;
}

void RhxSpikeParser::skip(std::size_t count) noexcept {
  if (count == 0) return;
  buffer_.drop(count);
  counters_.bytes_skipped += count;
  if (std::exchange(in_step_, false)) ++counters_.resyncs;
}

}  // namespace vturn::ingest
