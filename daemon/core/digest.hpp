#pragma once

#include <bit>
#include <cstdint>

#include "daemon/core/output_event.hpp"

namespace vturn {

/// Running hash (FNV-1a, 64 bits) over the engine's outputs, field by field in little-endian order: no padding, hop
/// stamps, wall time or session id enter it (DESIGN §2). Equal inputs, configuration and models give equal digests.
class Digest {
 public:
  void add(const OutputEvent& event) noexcept;
  [[nodiscard]] std::uint64_t value() const noexcept { return hash_; }
  [[nodiscard]] std::uint64_t outputs() const noexcept { return outputs_; }

 private:
  void byte(std::uint8_t value) noexcept { hash_ = (hash_ ^ value) * 0x100000001B3ULL; }
  template <class T>
  void integer(T value) noexcept {
    const auto bits = static_cast<std::uint64_t>(value);
    for (unsigned i = 0; i < sizeof(T); ++i) byte(static_cast<std::uint8_t>(bits >> (8 * i)));
  }
  template <class T>
  void enumerator(T value) noexcept {
    integer(static_cast<std::uint8_t>(value));
  }
  void real(float value) noexcept { integer(std::bit_cast<std::uint32_t>(value)); }
  void real(double value) noexcept { integer(std::bit_cast<std::uint64_t>(value)); }

  void add(const HeadingOutput& heading) noexcept;
  void add(const SleepOutput& sleep) noexcept;
  void add(const TurnOutput& turn) noexcept;
  void add(const PopulationOutput& population) noexcept;
  void add(const Cause& cause) noexcept;
  void add(const TriggerOutput& trigger) noexcept;
  void add(const VetoOutput& veto) noexcept;
  void add(const SessionOutput& session) noexcept;
  void add(const PulseStopOutput& stop) noexcept;

  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
  std::uint64_t outputs_ = 0;
};

}  // namespace vturn
