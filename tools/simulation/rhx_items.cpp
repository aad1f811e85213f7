#include "tools/simulation/rhx_items.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

namespace vturn::simulation {

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

RhxItem RhxItem::truth(std::string name, bool value, RhxRestriction restriction) {
  return {std::move(name), value ? "True" : "False", Kind::kTruth, 0, 0, {}, restriction};
}

RhxItem RhxItem::integer(std::string name, int value, int low, int high, RhxRestriction restriction) {
  return {std::move(name), std::to_string(value), Kind::kInteger, low, high, {}, restriction};
}

RhxItem RhxItem::choice(std::string name, std::vector<std::string> choices, RhxRestriction restriction) {
  std::string first = choices.front();
  return {std::move(name), std::move(first), Kind::kChoice, 0, 0, std::move(choices), restriction};
}

RhxItem RhxItem::text(std::string name, std::string value, RhxRestriction restriction) {
  return {std::move(name), std::move(value), Kind::kText, 0, 0, {}, restriction};
}

int RhxItem::number() const {
  int out = 0;
  std::from_chars(value.data(), value.data() + value.size(), out);
  return out;
}

std::string RhxItem::acceptable() const {
  if (kind == Kind::kTruth) return "True;False";
  if (kind == Kind::kInteger) return "[ " + std::to_string(low) + " , " + std::to_string(high) + " ]";
  std::string all;
  for (const auto& choice : choices) all += (all.empty() ? "" : ";") + choice;
  return all;
}

bool RhxItem::set(std::string_view lowered) {
  if (kind == Kind::kText) {
    value = lowered;
    return true;
  }
  if (kind == Kind::kInteger) {
    int number = 0;
    const auto [end, error] = std::from_chars(lowered.data(), lowered.data() + lowered.size(), number);
    if (error != std::errc{} || end != lowered.data() + lowered.size() || number < low || number > high) return false;
    value = std::to_string(number);
    return true;
  }
  if (kind == Kind::kTruth) {
    if (lowered != "true" && lowered != "false") return false;
    value = lowered == "true" ? "True" : "False";
    return true;
  }
  const auto at = std::find_if(choices.begin(), choices.end(), [&](const auto& c) { return lower_case(c) == lowered; });
  if (at == choices.end()) return false;
  value = *at;
  return true;
}

const RhxItem* find_item(const std::vector<RhxItem>& items, std::string_view name) {
  const std::string lowered = lower_case(name);
  const auto at =
      std::find_if(items.begin(), items.end(), [&](const auto& i) { return lower_case(i.name) == lowered; });
  return at == items.end() ? nullptr : &*at;
}

RhxItem* find_item(std::vector<RhxItem>& items, std::string_view name) {
  return const_cast<RhxItem*>(find_item(std::as_const(items), name));
}

int RhxIdentity::compare_version(int major, int minor) const {
  int own_major = 0, own_minor = 0;
  const char* const end = version.data() + version.size();
  const auto after = std::from_chars(version.data(), end, own_major).ptr;
  if (after < end) std::from_chars(after + 1, end, own_minor);
  const int own = own_major * 1000 + own_minor, other = major * 1000 + minor;
  return own < other ? -1 : own > other ? 1 : 0;
}

std::vector<RhxItem> rhx_global_items(const RhxIdentity& identity) {
  using enum RhxRestriction;
  std::vector<RhxItem> items{
      RhxItem::text("Version", identity.version, kAlways),
      RhxItem::text("Type", identity.type, kAlways),
      RhxItem::text("SampleRateHertz", std::to_string(identity.sample_rate_hz), kAlways),
      RhxItem::truth("Synthetic", identity.synthetic, kAlways),
      RhxItem::truth("Playback", identity.playback, kAlways),
      RhxItem::truth("HeadstagePresent", true, kAlways),
      RhxItem::truth("UploadInProgress", false, kAlways),
      RhxItem::integer("TCPNumberDataBlocksPerWrite", 10, 1, 100, kWhileRunning),
      RhxItem::truth("ArtifactSuppressionEnabled", true),
      RhxItem::integer("ArtifactSuppressionThresholdMicroVolts", 2500, 0, 10000),
      RhxItem::integer("HighpassFilterCutoffFreqHertz", 250, 0, 10000),
      RhxItem::integer("HighpassFilterOrder", 2, 1, 8),
      RhxItem::choice("HighpassFilterType", {"Bessel", "Butterworth"}),
      RhxItem::integer("LowpassFilterCutoffFreqHertz", 250, 0, 10000),
      RhxItem::integer("LowpassFilterOrder", 2, 1, 8),
      RhxItem::choice("LowpassFilterType", {"Bessel", "Butterworth"}),
      RhxItem::choice("NotchFilterFreqHertz", {"None", "50", "60"}),
      RhxItem::choice("FileFormat", {"Traditional", "OneFilePerSignalType", "OneFilePerChannel"}, kWhileRunning),
      RhxItem::truth("SaveSpikeData", false, kWhileRunning),
      RhxItem::text("Note1", ""),
      RhxItem::text("Note2", ""),
      RhxItem::text("Note3", ""),
  };
  return items;
}

}  // namespace vturn::simulation
