#pragma once

#include <string>
#include <string_view>

#include "daemon/core/expected.hpp"
#include "daemon/sleep/sleep_model.hpp"

namespace vturn {

inline constexpr std::string_view kSleepModelSchema = "vturn.sleep_model";
inline constexpr int kSleepModelSchemaVersion = 1;
/// Larger files are refused unread: a sleep model takes a few kilobytes.
inline constexpr std::size_t kMaxSleepModelBytes = 1 << 20;

/// JSON of a model, human-readable, numbers exact. Writing and reading back gives the same model and hash.
std::string sleep_model_to_json(const SleepModel& model);

/// Reads it back; errors name `file`, the key, what is wrong and what to do. Unknown keys are ignored (they come from
/// later versions), missing ones are errors.
Expected<SleepModel> sleep_model_from_json(std::string_view text, const std::string& file);

}  // namespace vturn
