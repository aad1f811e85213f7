#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace vturn::tools {

/// What a subcommand does once its options are parsed; the value is the exit code.
using Run = std::function<int()>;

/// One subcommand of `vturn`. A file in tools/commands/ makes one static Registration; nothing else needs to know it.
struct Subcommand {
  std::string parent;  ///< "" for `vturn NAME`, "calibrate" for `vturn calibrate NAME`
  std::string name;
  std::string description;
  std::function<Run(CLI::App&)> configure;  ///< adds the options; returns what to run
};

std::vector<Subcommand>& subcommands();

struct Registration {
  explicit Registration(Subcommand command) { subcommands().push_back(std::move(command)); }
};

/// Bad input: message is one line (what, where, what to do). main prints it and exits with 2.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace vturn::tools
