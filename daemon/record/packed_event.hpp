#pragma once

#include <cstdint>
#include <string_view>

#include "daemon/core/input_event.hpp"
#include "daemon/core/output_event.hpp"
#include "daemon/record/byte_ring.hpp"
#include "daemon/wire/encoder.hpp"

namespace vturn::record {

// Events on their way to the recorder's thread: the bytes their kind uses and no more, behind one word that says what
// follows. A spike takes 60 bytes of the 128 of an InputEvent, which doubles the time the ring can bridge.

enum class Packed : std::uint64_t { kInput = 1, kOutput, kDigest, kGap };

struct DigestMark {
  std::uint64_t inputs = 0;
  std::uint64_t outputs = 0;
  std::uint64_t hash = 0;
  MonoNs at_mono_ns = 0;
  std::uint64_t final = 0;
};

/// Inputs and outputs that found the ring full since the last record.
struct GapMark {
  std::uint64_t inputs = 0;
  std::uint64_t outputs = 0;
};

struct OutputRecord {
  OutputEvent event;
  wire::Stamps stamps;
};

[[nodiscard]] bool try_pack(ByteRing& ring, const InputEvent& event) noexcept;
[[nodiscard]] bool try_pack(ByteRing& ring, const OutputEvent& event, const wire::Stamps& stamps) noexcept;
[[nodiscard]] bool try_pack(ByteRing& ring, const DigestMark& mark) noexcept;
[[nodiscard]] bool try_pack(ByteRing& ring, const GapMark& mark) noexcept;

[[nodiscard]] Packed packed_kind(std::string_view record) noexcept;
[[nodiscard]] InputEvent unpack_input(std::string_view record) noexcept;
[[nodiscard]] OutputRecord unpack_output(std::string_view record) noexcept;
[[nodiscard]] DigestMark unpack_digest(std::string_view record) noexcept;
[[nodiscard]] GapMark unpack_gap(std::string_view record) noexcept;

}  // namespace vturn::record
