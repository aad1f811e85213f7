#include <algorithm>
#include <cstdio>
#include <exception>
#include <map>

#include "tools/commands/registry.hpp"
#include "tools/lib/interrupt.hpp"

namespace vturn::tools {

std::vector<Subcommand>& subcommands() {
  static std::vector<Subcommand> all;
  return all;
}

namespace {

const char* parent_description(const std::string& name) {
  if (name == "bench") return "measure this machine beside its bare floor";
  if (name == "calibrate") return "fit a model from recorded or CSV data";
  if (name == "evaluate") return "score a model or a session against truth";
  if (name == "bench") return "measure this machine, beside its own floor";
  return "";
}

int run(int argc, char** argv) {
  CLI::App app{"vturn: closes the loop on the dreaming brain. 'vturn COMMAND --help' tells more."};
  app.require_subcommand(1);
  std::map<std::string, CLI::App*> parents;
  std::vector<std::pair<CLI::App*, Run>> leaves;
  auto& all = subcommands();
  std::sort(all.begin(), all.end(),
            [](const Subcommand& a, const Subcommand& b) { return a.parent + a.name < b.parent + b.name; });
  for (const auto& command : all) {
    CLI::App* owner = &app;
    if (!command.parent.empty()) {
      auto& parent = parents[command.parent];
      if (parent == nullptr) {
        parent = app.add_subcommand(command.parent, parent_description(command.parent));
        parent->require_subcommand(1);
      }
      owner = parent;
    }
    CLI::App* leaf = owner->add_subcommand(command.name, command.description);
    leaves.emplace_back(leaf, command.configure(*leaf));
  }
  CLI11_PARSE(app, argc, argv);
  for (auto& [leaf, action] : leaves) {
    if (leaf->parsed()) return action();
  }
  return 2;
}

}  // namespace
}  // namespace vturn::tools

int main(int argc, char** argv) {
  try {
    return vturn::tools::run(argc, argv);
  } catch (const vturn::tools::Interrupted& stopped) {
    std::fprintf(stderr, "vturn: %s\n", stopped.what());
    return vturn::tools::kInterruptedExitCode;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "vturn: %s\n", error.what());
    return 2;
  }
}
