#pragma once

#include <string>

namespace vturn {

/// printf into a string, at most 511 bytes: for people and pictures, never on the decision path.
std::string format(const char* pattern, ...) __attribute__((format(printf, 1, 2)));

}  // namespace vturn
