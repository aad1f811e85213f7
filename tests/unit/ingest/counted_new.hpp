#pragma once

#include <cstddef>

namespace vturn::test {

/// Starts or ends the counting of calls of operator new, of any thread.
void count_allocations(bool on);
/// Calls counted since the last time.
std::size_t take_allocations();

}  // namespace vturn::test
