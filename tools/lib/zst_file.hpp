#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "daemon/core/expected.hpp"

namespace vturn::tools {

/// The bytes of a file, unpacked when it is zstd-compressed (told by its magic number, not by its name).
/// More than `max_bytes` of content, a damaged or a cut-off compressed file is an error that names the file.
Expected<std::vector<std::uint8_t>> read_file_or_zst(const std::filesystem::path& path,
                                                     std::size_t max_bytes = std::size_t{1} << 30);

}  // namespace vturn::tools
