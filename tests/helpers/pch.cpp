// Owns the precompiled header of the unit tests (tests/CMakeLists.txt).
