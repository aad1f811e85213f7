#pragma once

#include <string>

#include "tests/helpers/process.hpp"
#include "tools/commands/registry.hpp"

namespace vturn::test {

/// What a subcommand prints, run with this command line as `vturn` would.
std::string printed(const std::string& name, const std::string& command_line);

}  // namespace vturn::test
