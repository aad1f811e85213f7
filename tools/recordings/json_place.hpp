#pragma once

#include <cstddef>
#include <string_view>

namespace vturn::recordings {

/// Byte at which the value with this path begins in a JSON text that is known to be valid; path as in
/// "continuous[0].channels[3].bit_volts". Where the path leads nowhere: the byte of the last value on the way.
std::size_t json_place(std::string_view text, std::string_view path) noexcept;

}  // namespace vturn::recordings
