#pragma once

#include <string>
#include <string_view>

#include "daemon/core/expected.hpp"
#include "daemon/decode/heading_model.hpp"

namespace vturn {

inline constexpr std::string_view kHeadingModelSchema = "vturn.heading_model";
inline constexpr int kHeadingModelSchemaVersion = 1;
/// No reader need take more: 1024 units take about 3 MB.
inline constexpr std::size_t kMaxHeadingModelBytes = 16U << 20U;

/// JSON of a model, human-readable, numbers exact. Writing and reading back gives the same model and hash.
std::string heading_model_to_json(const HeadingModel& model);

/// Reads it back and makes sure that the filter can run it; errors name `file`, the key, what is wrong and what to do.
/// Unknown keys are ignored (they come from later versions), missing ones are errors. The hash is computed anew.
Expected<HeadingModel> heading_model_from_json(std::string_view text, const std::string& file);

}  // namespace vturn
