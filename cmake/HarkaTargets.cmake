# One helper for every folder's library and one for every folder's tests, so that warnings,
# standard and include root are the same everywhere.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(HARKA_CCACHE ccache)
if(HARKA_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${HARKA_CCACHE})
endif()
find_program(HARKA_MOLD mold)
if(HARKA_MOLD)
  # Without separate-code mold 1.10 may place an empty .tbss at the end of a page that no segment maps
  # and begin RELRO there: the program then does not start ("cannot apply additional memory
  # protection"). Whether it does depends on the sizes of all sections, so it comes and goes.
  add_link_options(-fuse-ld=mold -Wl,-z,separate-code)
endif()

option(HARKA_WERROR "Treat warnings as errors" ON)
set(HARKA_SANITIZE "" CACHE STRING "address,undefined or thread")
if(HARKA_SANITIZE)
  add_compile_options(-fsanitize=${HARKA_SANITIZE} -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${HARKA_SANITIZE})
endif()

# With clang only: coverage feedback and sanitizers everywhere, fuzz targets in tests/fuzz.
option(HARKA_FUZZ "Build the fuzz targets" OFF)
if(HARKA_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
                      -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=address,undefined)
endif()

set(HARKA_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast
    -Wnon-virtual-dtor)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  list(APPEND HARKA_WARNINGS -Wno-restrict)  # false alarms on std::string, GCC bug 105651
endif()
if(HARKA_WERROR)
  list(APPEND HARKA_WARNINGS -Werror)
endif()

# harka_library(name SOURCES … LINK … LINK_PRIVATE …): the static library harka::name of a folder.
function(harka_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;LINK_PRIVATE" ${ARGN})
  add_library(harka_${name} STATIC ${ARG_SOURCES})
  add_library(harka::${name} ALIAS harka_${name})
  target_include_directories(harka_${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
  target_compile_options(harka_${name} PRIVATE ${HARKA_WARNINGS})
  target_link_libraries(harka_${name} PUBLIC ${ARG_LINK} PRIVATE ${ARG_LINK_PRIVATE})
endfunction()

# harka_test(name SOURCES … LINK …): one Boost.Test executable a folder, run by CTest as name. RUN
# leaves out what harka_test_part runs.
function(harka_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT;RUN" "SOURCES;LINK" ${ARGN})
  add_executable(test_${name} ${ARG_SOURCES} ${PROJECT_SOURCE_DIR}/tests/support/test_main.cpp)
  target_compile_options(test_${name} PRIVATE ${HARKA_WARNINGS})
  target_link_libraries(test_${name} PRIVATE ${ARG_LINK} boost_unit_test_framework)
  target_compile_definitions(test_${name} PRIVATE BOOST_TEST_DYN_LINK
      HARKA_TESTDATA="${PROJECT_SOURCE_DIR}/tests/testdata")
  if(NOT ARG_RUN)
    set(ARG_RUN "*")
  endif()
  harka_add_test(${name} ${name} "${ARG_RUN}" "${ARG_TIMEOUT}")
endfunction()

# harka_test_part(name suite): a suite of test_name as a CTest test of its own, name_suite.
function(harka_test_part name suite)
  cmake_parse_arguments(ARG "" "TIMEOUT" "" ${ARGN})
  harka_add_test(${name}_${suite} ${name} ${suite} "${ARG_TIMEOUT}")
endfunction()

function(harka_add_test test name run timeout)
  if(NOT timeout)
    set(timeout 120)
  endif()
  add_test(NAME ${test} COMMAND test_${name} --run_test=${run})
  # Besides what people read, a report that tests/run counts the cases in.
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/results)
  set_tests_properties(${test} PROPERTIES TIMEOUT ${timeout} ENVIRONMENT
      "BOOST_TEST_LOGGER=HRF,error:JUNIT,error,${PROJECT_BINARY_DIR}/results/${test}.xml;BOOST_TEST_COLOR_OUTPUT=no")
endfunction()
