# CAF as Debian ships it: a library and headers, without CMake or pkg-config files. Sets Caf_FOUND and
# the target Caf::core. Headers are SYSTEM: as our own they would warn.
find_path(Caf_INCLUDE_DIR caf/all.hpp)
find_library(Caf_CORE_LIBRARY caf_core)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Caf REQUIRED_VARS Caf_CORE_LIBRARY Caf_INCLUDE_DIR)

if(Caf_FOUND AND NOT TARGET Caf::core)
  add_library(Caf::core UNKNOWN IMPORTED GLOBAL)
  set_target_properties(Caf::core PROPERTIES
    IMPORTED_LOCATION ${Caf_CORE_LIBRARY}
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${Caf_INCLUDE_DIR})
endif()
mark_as_advanced(Caf_INCLUDE_DIR Caf_CORE_LIBRARY)
