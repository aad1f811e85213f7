# One way to make each kind of target, so that flags and layers are set in one place.
find_program(CCACHE ccache)
if(CCACHE)
  # Precompiled headers defeat ccache unless it is told to trust them.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

add_library(vturn_flags INTERFACE)
target_include_directories(vturn_flags INTERFACE ${CMAKE_SOURCE_DIR})
# Contraction would let one compiler fuse a multiply-add that another does not: the digest would depend on the build.
target_compile_options(vturn_flags INTERFACE
  -fPIC -ffp-contract=off -fno-math-errno
  $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>  # g++ 12 sees overlaps in std::string that cannot be (GCC bug 105651)
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor -Werror>)
if(VTURN_SANITIZE)
  target_compile_options(vturn_flags INTERFACE -fsanitize=${VTURN_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(vturn_flags INTERFACE -fsanitize=${VTURN_SANITIZE})
endif()
if(VTURN_FUZZ)
  target_compile_options(vturn_flags INTERFACE -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  target_link_options(vturn_flags INTERFACE -fsanitize=address,undefined)
endif()

# vturn_room(NAME sources... [LINK libs...]): the static library vturn_NAME of a daemon room.
function(vturn_room name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  if(NOT ARG_UNPARSED_ARGUMENTS)
    return()
  endif()
  add_library(vturn_${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(vturn_${name} PUBLIC vturn_flags ${ARG_LINK})
endfunction()

# vturn_unit_test(NAME sources... [LINK libs...]): the Catch2 program unit_NAME, registered with ctest under its name.
function(vturn_unit_test name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  if(NOT ARG_UNPARSED_ARGUMENTS)
    return()
  endif()
  add_executable(unit_${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(unit_${name} PRIVATE vturn_test_main vturn_flags ${ARG_LINK})
  target_precompile_headers(unit_${name} REUSE_FROM vturn_test_main)
  add_test(NAME unit_${name} COMMAND unit_${name})
  set_tests_properties(unit_${name} PROPERTIES ENVIRONMENT "VTURN_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}" LABELS unit)
endfunction()

# vturn_plugin(NAME sources... [LINK libs...]): a loadable plugin, build/lib/vturn/NAME.so.
function(vturn_plugin name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  if(NOT ARG_UNPARSED_ARGUMENTS)
    return()
  endif()
  add_library(plugin_${name} MODULE ${ARG_UNPARSED_ARGUMENTS})
  set_target_properties(plugin_${name} PROPERTIES PREFIX "" OUTPUT_NAME ${name}
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/vturn CXX_VISIBILITY_PRESET hidden)
  target_link_libraries(plugin_${name} PRIVATE vturn_flags ${ARG_LINK})
endfunction()

# vturn_fuzzer(NAME sources... [LINK libs...]): the libFuzzer program fuzz_NAME (preset "fuzz" only).
function(vturn_fuzzer name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  if(NOT ARG_UNPARSED_ARGUMENTS)
    return()
  endif()
  add_executable(fuzz_${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(fuzz_${name} PRIVATE vturn_flags ${ARG_LINK})
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer,address,undefined)
endfunction()
