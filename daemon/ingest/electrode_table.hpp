#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/types.hpp"

namespace vturn::ingest {

/// How spikes get their unit.
struct UnitMapSettings {
  enum class From : std::uint8_t { kElectrode, kSortedId };
  From from = From::kElectrode;
  std::string pattern = "Electrode {}";  ///< `{}` is a number; unit = number - first
  std::int64_t first = 1;
  /// Where it is not empty, only these names have units. kElectrode: "NAME"; kSortedId: "NAME/ID", ID as sent.
  std::map<std::string, UnitId> map;
};

/// Electrode names as they come in the stream -> dense channel -> unit. Fixed room, no allocation after it is made.
class ElectrodeTable {
 public:
  static constexpr std::size_t kMaxElectrodes = 1024;
  static constexpr std::size_t kMaxNameBytes = 64;

  struct Entry {
    UnitId unit = kNoUnit;
    std::uint32_t channel = kNoChannel;
  };
  static constexpr std::uint32_t kNoChannel = 0xFFFFFFFFU;

  explicit ElectrodeTable(UnitMapSettings settings = {});

  /// Channel in order of first appearance; kNoChannel for names longer than kMaxNameBytes and when the table is full
  /// (such electrodes have no unit either).
  Entry find(std::string_view electrode, std::int64_t sorted_id) noexcept;
  [[nodiscard]] std::size_t electrodes() const noexcept { return electrodes_.size(); }

 private:
  struct Electrode {
    std::array<char, kMaxNameBytes> name;
    std::uint8_t length;
    UnitId unit;  ///< of the electrode as a whole
    [[nodiscard]] std::string_view text() const noexcept { return {name.data(), length}; }
  };

  /// kNoChannel where there is no room for it.
  std::uint32_t channel_of(std::string_view electrode) noexcept;
  [[nodiscard]] UnitId unit_by_name(std::string_view electrode) const noexcept;
  [[nodiscard]] UnitId unit_by_pattern(std::string_view electrode) const noexcept;
  [[nodiscard]] UnitId unit_by_sorted_id(std::string_view electrode, std::int64_t sorted_id) const noexcept;

  UnitMapSettings settings_;
  std::string prefix_, suffix_;
  std::vector<std::pair<std::string, UnitId>> named_;  ///< sorted by name: a search without allocation
  std::vector<Electrode> electrodes_;                  ///< by channel; room for all is reserved
  std::vector<std::uint16_t> slots_;                   ///< hash table of channel + 1, 0 = free
};

}  // namespace vturn::ingest
