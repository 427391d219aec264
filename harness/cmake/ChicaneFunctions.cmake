# SPDX-License-Identifier: Apache-2.0
#
# CMake functions of Chicane, there after find_package(chicane) or FetchContent:
#
#     chicane_instrument(<target>...)
#
# Compiles the targets with the instrumentation. Executables are linked with Chicane's runtime, too:
# they run as before when started by themselves, and `chicane explore -- <program>` explores them. A
# library's instrumentation calls the runtime of the program that it is linked into. Code that is not
# compiled so is explored as well, but its plain memory accesses are not seen.
#
#     chicane_add_test(<name> SOURCES <file>...
#                      [GTEST] [LINK <library>...] [ARGS <argument>...]
#                      [LEGS <leg>...] [STRATEGY <strategy>] [SCHEDULES <number>] [TIME <60s>]
#                      [SEED <number>] [ISOLATE run|batch] [LABELS <label>...] [TIMEOUT <seconds>])
#
# Adds the program <name> of these sources, and for each leg a test <name>.<leg> which explores it and
# fails when it finds something.
#
#   GTEST      The sources are a GoogleTest suite without a main. Else they have a main.
#   LINK       Further libraries of the program; those to be examined want chicane_instrument.
#   ARGS       Arguments of the program.
#   LEGS       sched (the default), lockorder, tsan. For tsan a second program, <name>_tsan, is linked
#              with ThreadSanitizer; where the compiler has none that test is skipped, and says so.
#   STRATEGY, SCHEDULES, TIME, SEED, ISOLATE   as the options of `chicane explore`.
#   LABELS     Labels of the tests beside `chicane` and the leg's name.
#   TIMEOUT    Seconds after which ctest ends a test (default 300).
#
# Witnesses are written to <current binary folder>/chicane-witnesses.

# Headers that stand before libstdc++'s; an installed package has set where they are.
if(NOT CHICANE_OVERRIDES)
  get_filename_component(CHICANE_OVERRIDES "${CMAKE_CURRENT_LIST_DIR}/../include/chicane/overrides"
    ABSOLUTE)
endif()
# Where FetchContent made Chicane known, the variable is another folder's.
set_property(GLOBAL PROPERTY CHICANE_OVERRIDES "${CHICANE_OVERRIDES}")

# Up to 16 clang forgets where a number is whose address is taken.
function(chicane_name_variables_ target)
  target_compile_options(${target} PRIVATE
    "$<$<AND:$<CXX_COMPILER_ID:Clang>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,17>>:SHELL:-mllvm -instcombine-lower-dbg-declare=0>")
endfunction()

function(chicane_instrument)
  if(PROJECT_NAME STREQUAL "chicane" AND COMMAND chicane_instrument_own)
    chicane_instrument_own(${ARGN})
    return()
  endif()
  foreach(target IN LISTS ARGN)
    if(NOT TARGET ${target})
      message(FATAL_ERROR "chicane_instrument: there is no target `${target}`; add it first")
    endif()
    set(unoptimized $<OR:$<CONFIG:>,$<CONFIG:Debug>>)
    target_compile_options(${target} PRIVATE -fsanitize=thread -g -fno-omit-frame-pointer
      -fno-optimize-sibling-calls "$<${unoptimized}:-O1;-fno-inline>"
      $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>
      # Else clang leaves out a class whose constructors are in another file, and its members' names.
      $<$<CXX_COMPILER_ID:Clang>:-fstandalone-debug>)
    chicane_name_variables_(${target})
    get_property(overrides GLOBAL PROPERTY CHICANE_OVERRIDES)
    target_include_directories(${target} SYSTEM BEFORE PRIVATE "${overrides}")
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "EXECUTABLE")
      target_link_libraries(${target} PRIVATE chicane::runtime)
      chicane_export_runtime_(${target})
    endif()
  endforeach()
endfunction()

function(chicane_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "GTEST" "STRATEGY;SCHEDULES;TIME;SEED;ISOLATE;TIMEOUT"
    "SOURCES;LINK;ARGS;LEGS;LABELS")
  if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "chicane_add_test(${name}): not understood: ${arg_UNPARSED_ARGUMENTS} "
      "${arg_KEYWORDS_MISSING_VALUES}; see ChicaneFunctions.cmake")
  endif()
  if(NOT arg_SOURCES)
    message(FATAL_ERROR "chicane_add_test(${name}): SOURCES are missing")
  endif()
  if(arg_GTEST AND NOT TARGET chicane::gtest_main)
    message(FATAL_ERROR "chicane_add_test(${name}): GTEST needs GoogleTest, which was not there when "
      "Chicane was built (libgtest-dev)")
  endif()
  if(NOT arg_LEGS)
    set(arg_LEGS sched)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()

  # The sources are compiled once, whatever listens to them.
  add_library(${name}_objects OBJECT ${arg_SOURCES})
  chicane_instrument(${name}_objects)
  target_link_libraries(${name}_objects PRIVATE ${arg_LINK})
  if(arg_GTEST)
    target_link_libraries(${name}_objects PRIVATE GTest::gtest)
  endif()
  chicane_add_program_(${name} "" "${arg_GTEST}" "${arg_LINK}")
  if("tsan" IN_LIST arg_LEGS AND TARGET chicane::runtime_tsan)
    chicane_add_program_(${name} _tsan "${arg_GTEST}" "${arg_LINK}")
  endif()

  foreach(leg IN LISTS arg_LEGS)
    set(test ${name}.${leg})
    if(NOT leg MATCHES "^(sched|lockorder|tsan)$")
      message(FATAL_ERROR "chicane_add_test(${name}): there is no leg `${leg}` for programs; LEGS are "
        "sched, lockorder and tsan")
    endif()
    set(program ${name})
    if(leg STREQUAL "tsan")
      set(program ${name}_tsan)
    endif()
    if(NOT TARGET ${program})
      add_test(NAME ${test} COMMAND sh -c
        "echo 'skipped: Chicane was built with a compiler that has no ThreadSanitizer'; exit 77")
    elseif(arg_GTEST)
      set(options --chicane_leg=${leg})
      foreach(option STRATEGY SCHEDULES TIME SEED)
        if(arg_${option})
          string(TOLOWER ${option} flag)
          list(APPEND options --chicane_${flag}=${arg_${option}})
        endif()
      endforeach()
      add_test(NAME ${test} COMMAND ${program} ${options} ${arg_ARGS})
    else()
      set(options --leg ${leg} --witness-dir "${CMAKE_CURRENT_BINARY_DIR}/chicane-witnesses")
      foreach(option STRATEGY SCHEDULES TIME SEED ISOLATE)
        if(arg_${option})
          string(TOLOWER ${option} flag)
          list(APPEND options --${flag} ${arg_${option}})
        endif()
      endforeach()
      add_test(NAME ${test} COMMAND chicane::chicane explore ${options} --
        "$<TARGET_FILE:${program}>" ${arg_ARGS})
    endif()
    set_tests_properties(${test} PROPERTIES LABELS "chicane;${leg};${arg_LABELS}"
      TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77)
  endforeach()
endfunction()

# One program of chicane_add_test: of its objects, with the runtime's flavour ("" or "_tsan").
function(chicane_add_program_ name flavour gtest libraries)
  add_executable(${name}${flavour} $<TARGET_OBJECTS:${name}_objects>)
  set_target_properties(${name}${flavour} PROPERTIES LINKER_LANGUAGE CXX)
  chicane_export_runtime_(${name}${flavour})
  set(runtime chicane::runtime${flavour})
  if(gtest)
    set(runtime chicane::gtest_main${flavour})
  endif()
  target_link_libraries(${name}${flavour} PRIVATE ${libraries} ${runtime})
endfunction()

# Plugins and libraries find the runtime in the program; binding it at the start spares every run.
function(chicane_export_runtime_ target)
  target_link_options(${target} PRIVATE LINKER:-z,now "LINKER:--export-dynamic-symbol=__tsan_*"
    "LINKER:--export-dynamic-symbol=chicane_*")
endfunction()
