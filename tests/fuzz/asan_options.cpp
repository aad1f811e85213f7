// AddressSanitizer as fuzzing needs it: small inputs by the million, each with its own few blocks of memory.
extern "C" const char* __asan_default_options();

// Freed memory is kept for reuse after a megabyte, not after 256, and blocks are remembered with two callers: both cost
// more than most parsers, and neither finds more in inputs this small.
extern "C" const char* __asan_default_options() {
  return "quarantine_size_mb=1:thread_local_quarantine_size_kb=64:malloc_context_size=2";
}
