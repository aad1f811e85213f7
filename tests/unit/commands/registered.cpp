#include "tests/unit/commands/registered.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>

namespace vturn::tools {

std::vector<Subcommand>& subcommands() {
  static std::vector<Subcommand> all;
  return all;
}

}  // namespace vturn::tools

namespace vturn::test {

std::string printed(const std::string& name, const std::string& command_line) {
  const auto& all = tools::subcommands();
  const auto command = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
  REQUIRE(command != all.end());
  CLI::App app;
  const tools::Run run = command->configure(app);
  app.parse(command_line);
  const ScratchDir folder;
  std::fflush(stdout);
  const int kept = ::dup(STDOUT_FILENO);
  REQUIRE(std::freopen((folder / "stdout").c_str(), "w", stdout) != nullptr);
  int code = -1;
  std::string thrown;
  try {
    code = run();
  } catch (const std::exception& error) {
    thrown = error.what();
  }
  std::fflush(stdout);
  ::dup2(kept, STDOUT_FILENO);
  ::close(kept);
  INFO(thrown);
  CHECK(code == 0);
  return read_file(folder / "stdout");
}

}  // namespace vturn::test
