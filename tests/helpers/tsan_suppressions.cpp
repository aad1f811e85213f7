// Debian's libzmq is not built for the race detector: the detector sees its memory copies but not the atomics that
// order them. What our own code does with messages stays checked. Compiled into programs of the tsan preset only.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() { return "called_from_lib:libzmq.so\n"; }
