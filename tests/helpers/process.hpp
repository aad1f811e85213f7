#pragma once

#include <filesystem>
#include <string>

#include "tools/lib/process.hpp"

namespace vturn::test {

using tools::Finished;
using tools::free_ports;
using tools::Process;
using tools::run;
using tools::ScratchDir;

/// Folder of the built binaries: $VTURN_BIN.
std::filesystem::path bin_dir();

void write_file(const std::filesystem::path& path, const std::string& text);
std::string read_file(const std::filesystem::path& path);

}  // namespace vturn::test
