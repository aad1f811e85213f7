#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tools/commands/registry.hpp"

namespace vturn::tools {

/// Options that go with some values of --as only.
class ProgramOptions {
 public:
  CLI::Option* only(std::vector<std::string> programs, CLI::Option* option) {
    limited_.emplace_back(option, std::move(programs));
    return option;
  }
  /// All of a group.
  void group_only(const std::vector<std::string>& programs, CLI::App& app, const std::string& group) {
    for (CLI::Option* option : app.get_options([&](const CLI::Option* o) { return o->get_group() == group; })) {
      only(programs, option);
    }
  }

  /// Call when they are parsed: throws for the first one that was given and does not fit.
  void check(const std::string& program) const {
    for (const auto& [option, programs] : limited_) {
      if (option->count() == 0 || std::find(programs.begin(), programs.end(), program) != programs.end()) continue;
      std::string theirs;
      for (const auto& name : programs) theirs += (theirs.empty() ? "" : " or ") + name;
      throw UsageError(option->get_name() + " does not go with --as " + program + ": it is an option of --as " +
                       theirs);
    }
  }

 private:
  std::vector<std::pair<const CLI::Option*, std::vector<std::string>>> limited_;
};

/// Times real time, or the recorded pace: a number above 0, or 0 for "max".
inline double parse_speed(const std::string& text) {
  if (text == "max") return 0.0;
  double speed = 0.0;
  if (!CLI::detail::lexical_cast(text, speed) || !(speed > 0.0)) {
    throw UsageError("--speed " + text + ": write a number above 0 (1 = real time) or max");
  }
  return speed;
}

}  // namespace vturn::tools
