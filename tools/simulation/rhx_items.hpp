#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vturn::simulation {

/// ASCII lower case, as RHX compares names and values.
std::string lower_case(std::string_view text);

/// When RHX refuses to set an item.
enum class RhxRestriction : std::uint8_t { kNone, kWhileRunning, kAlways, kStimControllerOnly };

/// One parameter of RHX that `get` and `set` reach: its canonical name and its value as `get` shows it.
struct RhxItem {
  enum class Kind : std::uint8_t { kTruth, kInteger, kChoice, kText };

  std::string name;
  std::string value;
  Kind kind = Kind::kText;
  int low = 0, high = 0;               ///< of an integer
  std::vector<std::string> choices{};  ///< of a choice, as RHX writes them
  RhxRestriction restriction = RhxRestriction::kNone;

  static RhxItem truth(std::string name, bool value, RhxRestriction restriction = RhxRestriction::kNone);
  static RhxItem integer(std::string name, int value, int low, int high,
                         RhxRestriction restriction = RhxRestriction::kNone);
  static RhxItem choice(std::string name, std::vector<std::string> choices,
                        RhxRestriction restriction = RhxRestriction::kNone);
  static RhxItem text(std::string name, std::string value, RhxRestriction restriction = RhxRestriction::kNone);

  [[nodiscard]] bool is_true() const noexcept { return value == "True"; }
  [[nodiscard]] int number() const;
  /// What RHX lists as acceptable: `True;False`, `[ 1 , 100 ]`, the choices.
  [[nodiscard]] std::string acceptable() const;
  /// Takes a lower-cased value; false when it is not acceptable.
  bool set(std::string_view lowered);
};

/// The item of that name, whatever its case; nullptr when there is none.
RhxItem* find_item(std::vector<RhxItem>& items, std::string_view name);
const RhxItem* find_item(const std::vector<RhxItem>& items, std::string_view name);

/// Items that every RHX has, as it starts up.
struct RhxIdentity {
  std::string version = "3.4.0";
  std::string type = "ControllerRecordUSB3";  ///< or ControllerRecordUSB2, ControllerStimRecord
  int sample_rate_hz = 30000;
  bool synthetic = true;
  bool playback = false;

  [[nodiscard]] bool stimulates() const noexcept { return type == "ControllerStimRecord"; }
  /// -1, 0, 1 as this version is older than, equal to or newer than MAJOR.MINOR.
  [[nodiscard]] int compare_version(int major, int minor) const;
};
std::vector<RhxItem> rhx_global_items(const RhxIdentity& identity);

}  // namespace vturn::simulation
