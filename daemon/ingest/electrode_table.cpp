#include "daemon/ingest/electrode_table.hpp"

#include <algorithm>
#include <charconv>

namespace vturn::ingest {
namespace {

// Twice the electrodes: probes stay short when the table is full.
constexpr std::size_t kSlots = 2 * ElectrodeTable::kMaxElectrodes;

std::size_t hash(std::string_view name) noexcept {
  std::uint64_t value = 0xCBF29CE484222325ULL;
  for (const char letter : name) value = (value ^ static_cast<std::uint8_t>(letter)) * 0x100000001B3ULL;
  return static_cast<std::size_t>(value ^ (value >> 32));
}

}  // namespace

ElectrodeTable::ElectrodeTable(UnitMapSettings settings)
    : settings_(std::move(settings)), named_(settings_.map.begin(), settings_.map.end()), slots_(kSlots) {
  electrodes_.reserve(kMaxElectrodes);
  const std::size_t hole = settings_.pattern.find("{}");
  prefix_ = settings_.pattern.substr(0, hole);
  if (hole != std::string::npos) suffix_ = settings_.pattern.substr(hole + 2);
}

ElectrodeTable::Entry ElectrodeTable::find(std::string_view electrode, std::int64_t sorted_id) noexcept {
  const std::uint32_t channel = channel_of(electrode);
  if (channel == kNoChannel) return {};
  const bool by_electrode = settings_.from == UnitMapSettings::From::kElectrode;
  return {by_electrode ? electrodes_[channel].unit : unit_by_sorted_id(electrode, sorted_id), channel};
}

std::uint32_t ElectrodeTable::channel_of(std::string_view electrode) noexcept {
  if (electrode.size() > kMaxNameBytes) return kNoChannel;
  std::size_t at = hash(electrode) % kSlots;
  for (; slots_[at] != 0; at = (at + 1) % kSlots) {
    const std::uint32_t channel = slots_[at] - 1U;
    if (electrodes_[channel].text() == electrode) return channel;
  }
  if (electrodes_.size() == kMaxElectrodes) return kNoChannel;
  Electrode& fresh = electrodes_.emplace_back();
  fresh.length = static_cast<std::uint8_t>(electrode.size());
  std::copy(electrode.begin(), electrode.end(), fresh.name.begin());
  fresh.unit = named_.empty() ? unit_by_pattern(electrode) : unit_by_name(electrode);
  slots_[at] = static_cast<std::uint16_t>(electrodes_.size());
  return static_cast<std::uint32_t>(electrodes_.size() - 1);
}

UnitId ElectrodeTable::unit_by_name(std::string_view electrode) const noexcept {
  const auto found = std::lower_bound(named_.begin(), named_.end(), electrode,
                                      [](const auto& entry, std::string_view name) { return entry.first < name; });
  return found != named_.end() && found->first == electrode && found->second < kMaxUnits ? found->second : kNoUnit;
}

UnitId ElectrodeTable::unit_by_pattern(std::string_view electrode) const noexcept {
  if (electrode.size() <= prefix_.size() + suffix_.size() || !electrode.starts_with(prefix_) ||
      !electrode.ends_with(suffix_)) {
    return kNoUnit;
  }
  electrode.remove_prefix(prefix_.size());
  electrode.remove_suffix(suffix_.size());
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(electrode.data(), electrode.data() + electrode.size(), number);
  if (error != std::errc{} || end != electrode.data() + electrode.size()) return kNoUnit;
  const std::int64_t unit = std::int64_t{number} - settings_.first;
  return unit >= 0 && unit < std::int64_t{kMaxUnits} ? static_cast<UnitId>(unit) : kNoUnit;
}

UnitId ElectrodeTable::unit_by_sorted_id(std::string_view electrode, std::int64_t sorted_id) const noexcept {
  // 0 means that no sorter has placed the spike.
  if (sorted_id <= 0) return kNoUnit;
  std::array<char, kMaxNameBytes + 24> name;
  char* at = std::copy(electrode.begin(), electrode.end(), name.begin());
  *at++ = '/';
  at = std::to_chars(at, name.data() + name.size(), sorted_id).ptr;
  return unit_by_name({name.data(), static_cast<std::size_t>(at - name.data())});
}

}  // namespace vturn::ingest
