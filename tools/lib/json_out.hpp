#pragma once

#include <nlohmann/json.hpp>

namespace vturn::tools {

/// Results keep the order in which a command lists them.
using Json = nlohmann::ordered_json;

/// A number for results: NaN and infinities, which JSON lacks, become null.
Json json_number(double value);

/// The result of a `--json` command: one object on stdout, indented, with a newline. Throws when stdout is gone.
void print_json(const Json& result);

}  // namespace vturn::tools
