#pragma once

#include <filesystem>
#include <memory>

#include "tools/recordings/recording.hpp"

namespace vturn::recordings {

/// A structure.oebin, or a folder at most four levels above one.
bool is_open_ephys_recording(const std::filesystem::path& path);
/// The recording of a folder that holds exactly one; several are an error that lists them.
std::unique_ptr<Recording> open_open_ephys(const std::filesystem::path& path, const OpenSettings& settings);

}  // namespace vturn::recordings
