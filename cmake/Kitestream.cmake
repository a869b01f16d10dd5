# What every folder shares: warnings, sanitizers, and the rule that tests/test_*.c and fuzz/fuzz_*.c
# beside the sources are found by name.
option(KITESTREAM_FUZZ "Build the fuzz targets (needs clang)" OFF)
set(KITESTREAM_SANITIZER "" CACHE STRING "Value for -fsanitize=, or empty")

add_library(kitestream_flags INTERFACE)
target_compile_features(kitestream_flags INTERFACE c_std_17)
target_compile_definitions(kitestream_flags INTERFACE _GNU_SOURCE)
target_compile_options(kitestream_flags INTERFACE
  -Wall -Wextra -Werror -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
  -Wformat=2 -Wundef -Wvla -Wno-unused-parameter -fvisibility=hidden)
target_link_libraries(kitestream_flags INTERFACE Threads::Threads)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER
    env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1 ${CCACHE})
endif()
if(KITESTREAM_SANITIZER OR KITESTREAM_FUZZ)
  # Hundreds of test programs: the default linker takes a third of their build, gold a tenth. It exports names of its
  # own (_end) from a plugin.
  add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-fuse-ld=gold>)
endif()
if(KITESTREAM_SANITIZER)
  add_compile_options(-fsanitize=${KITESTREAM_SANITIZER} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${KITESTREAM_SANITIZER})
endif()
if(KITESTREAM_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()

# One object in each executable that links kitestream_flags; plugins and libraries use the program's.
if(KITESTREAM_SANITIZER MATCHES thread)
  add_library(kitestream_thread_sanitizer OBJECT ${CMAKE_SOURCE_DIR}/cmake/thread_sanitizer.c)
  target_compile_features(kitestream_thread_sanitizer PRIVATE c_std_17)
  target_compile_definitions(kitestream_thread_sanitizer PRIVATE _GNU_SOURCE)
  target_sources(kitestream_flags INTERFACE
    $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:$<TARGET_OBJECTS:kitestream_thread_sanitizer>>)
endif()

# KITESTREAM_SOURCE_DIR and KITESTREAM_BINARY_DIR only where they are used: paths in the command keep
# ccache from sharing between checkouts.
function(kitestream_paths target source)
  file(STRINGS ${source} paths REGEX "KITESTREAM_(SOURCE|BINARY)_DIR" LIMIT_COUNT 1)
  if(paths)
    target_compile_definitions(${target} PRIVATE
      KITESTREAM_SOURCE_DIR="${CMAKE_SOURCE_DIR}" KITESTREAM_BINARY_DIR="${CMAKE_BINARY_DIR}")
  endif()
endfunction()

# kitestream_folder_tests(LIBRARY [extra libraries...]): one executable per tests/test_*.c, linked
# with LIBRARY, run by ctest with tests/ as its working directory; one per fuzz/fuzz_*.c.
# Test helpers shared in a folder are tests/helper_*.c, compiled once and linked into each test.
function(kitestream_folder_tests library)
  if(BUILD_TESTING)
    file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/tests/test_*.c)
    file(GLOB helpers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/tests/helper_*.c)
    set(objects)
    if(helpers)
      add_library(${library}_test_helpers OBJECT ${helpers})
      target_link_libraries(${library}_test_helpers
        PRIVATE ${library} ${ARGN} PkgConfig::CMOCKA kitestream_flags)
      set(objects $<TARGET_OBJECTS:${library}_test_helpers>)
    endif()
    foreach(source ${tests})
      get_filename_component(name ${source} NAME_WE)
      add_executable(${name} ${source} ${objects})
      target_link_libraries(${name} PRIVATE ${library} ${ARGN} PkgConfig::CMOCKA kitestream_flags)
      kitestream_paths(${name} ${source})
      add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/tests)
      set_tests_properties(${name} PROPERTIES TIMEOUT 120)
    endforeach()
  endif()
  if(KITESTREAM_FUZZ)
    file(GLOB fuzzers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/fuzz_*.c)
    foreach(source ${fuzzers})
      get_filename_component(name ${source} NAME_WE)
      add_executable(${name} ${source})
      target_link_libraries(${name} PRIVATE ${library} ${ARGN} kitestream_flags)
      target_link_options(${name} PRIVATE -fsanitize=fuzzer)
      target_compile_options(${name} PRIVATE -Wno-missing-prototypes)
      kitestream_paths(${name} ${source})
    endforeach()
  endif()
endfunction()

# kitestream_plugin(NAME library...): a module with one exported symbol, all else hidden.
function(kitestream_plugin name)
  cmake_parse_arguments(P "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_library(${name} MODULE ${P_SOURCES})
  target_link_libraries(${name} PRIVATE ${P_LIBRARIES} kitestream_flags)
  target_link_options(${name} PRIVATE -Wl,-z,nodelete -Wl,--exclude-libs,ALL)
  if(NOT KITESTREAM_FUZZ AND NOT KITESTREAM_SANITIZER)
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
  set_target_properties(${name} PROPERTIES PREFIX ""
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
  install(TARGETS ${name} LIBRARY DESTINATION ${KITESTREAM_PLUGIN_DIR})
endfunction()

# kitestream_embed(TARGET SYMBOL FILE): `extern const char SYMBOL[]` with the text of FILE.
function(kitestream_embed target symbol file)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded_${symbol}.c)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${file} -DOUTPUT=${output} -DSYMBOL=${symbol}
            -P ${CMAKE_SOURCE_DIR}/cmake/EmbedText.cmake
    DEPENDS ${file} ${CMAKE_SOURCE_DIR}/cmake/EmbedText.cmake VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
