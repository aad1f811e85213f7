#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "daemon/ingest/stream_buffer.hpp"

namespace vturn::ingest {

inline constexpr std::uint32_t kRhxSpikeMagic = 0x3ae2710f;
inline constexpr std::size_t kRhxSpikeBytes = 14;
/// Set in the id of a threshold crossing that RHX takes for an artefact; it sends those too.
inline constexpr std::uint8_t kRhxArtefactId = 0x80;

/// One chunk of RHX's spike stream: a threshold crossing of one amplifier channel.
struct RhxSpike {
  std::array<char, 5> name{};   ///< native name, "A-004"
  std::uint32_t timestamp = 0;  ///< first sample beyond the threshold, counted like the waveform stream's
  std::uint8_t id = 0;

  [[nodiscard]] std::string_view channel() const noexcept { return {name.data(), name.size()}; }
  [[nodiscard]] bool artefact() const noexcept { return (id & kRhxArtefactId) != 0; }
};

/// bytes = spikes * kRhxSpikeBytes + bytes_skipped + what is held.
struct RhxSpikeCounters {
  std::uint64_t bytes = 0, bytes_skipped = 0;
  std::uint64_t spikes = 0;
  std::uint64_t resyncs = 0;  ///< times that the next chunk did not stand where it should
};

/// Takes the spike stream of Intan RHX (3.0-3.4, port 5002) apart into chunks, from reads split anywhere. What does not
/// begin with the magic number and a name in printable letters is passed over. No allocation after it is made.
class RhxSpikeParser {
 public:
  RhxSpikeParser();

  /// Drops what is held, counted: what comes next does not continue it.
  void break_off() noexcept;

  /// Takes some of the bytes and says how many; take all spikes with `next` before the next call.
  std::size_t store(Bytes bytes) noexcept;
  bool next(RhxSpike& spike) noexcept;

  [[nodiscard]] const RhxSpikeCounters& counters() const noexcept { return counters_; }
  [[nodiscard]] std::size_t held() const noexcept { return buffer_.held().size(); }

 private:
  void skip(std::size_t count) noexcept;

  StreamBuffer buffer_;
  bool in_step_ = false;
  RhxSpikeCounters counters_;
};

}  // namespace vturn::ingest
