#pragma once

#include <string>
#include <string_view>

#include "daemon/core/expected.hpp"

namespace vturn {

/// Writes FOLDER/STEM.SUFFIX, or STEM-2.SUFFIX and so on: the first name that is not there yet. The file appears whole
/// or not at all, and none is written over. Gives its absolute path.
Expected<std::string> write_new_file(const std::string& folder, const std::string& stem, const std::string& suffix,
                                     std::string_view content);

}  // namespace vturn
