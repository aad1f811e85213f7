#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "daemon/core/expected.hpp"
#include "daemon/decode/heading_model.hpp"

namespace vturn {

inline constexpr std::string_view kHeadingModelSchema = "vturn.heading_model";
inline constexpr int kHeadingModelSchemaVersion = 1;
/// Larger files are refused unread: 1024 units take about 3 MB.
inline constexpr std::size_t kMaxHeadingModelBytes = 16U << 20U;

/// JSON of a model, human-readable, numbers exact. Writing and reading back gives the same model and hash.
std::string heading_model_to_json(const HeadingModel& model);

/// Reads it back and makes sure that the filter can run it; errors name `file`, the key, what is wrong and what to do.
/// Unknown keys are ignored (they come from later versions), missing ones are errors. The hash is computed anew.
Expected<HeadingModel> heading_model_from_json(std::string_view text, const std::string& file);

/// The same from a file.
Expected<HeadingModel> read_heading_model(const std::filesystem::path& file);

}  // namespace vturn
