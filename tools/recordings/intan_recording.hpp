#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "tools/recordings/recording.hpp"

namespace vturn::recordings {

/// A .rhd or .rhs file, or a folder that holds one.
bool is_intan_recording(const std::filesystem::path& path);
std::unique_ptr<Recording> open_intan(const std::filesystem::path& path, const OpenSettings& settings);

/// Traditional files that continue each other, as one recording.
std::unique_ptr<Recording> open_intan_files(std::vector<std::unique_ptr<ByteSource>> files,
                                            const OpenSettings& settings);
/// RHX's folder of one file per signal type or per channel; `info` is its info.rhd or info.rhs.
std::unique_ptr<Recording> open_intan_folder(const std::filesystem::path& info, const OpenSettings& settings);

}  // namespace vturn::recordings
