# Pagmo::pagmo, the static library: little of it is used (sorting of fronts, operators, hypervolume), all of which needs
# nothing else. pagmo's own CMake files demand Boost.Serialization, TBB and Eigen, and its shared library loads them.
# Debian 12's package can't be installed beside the Boost that we build with: `./dev setup` unpacks it to build/pagmo.
find_path(PAGMO_INCLUDE_DIR pagmo/utils/multi_objective.hpp HINTS ${CMAKE_SOURCE_DIR}/build/pagmo/usr/include)
find_library(PAGMO_LIBRARY libpagmo.a HINTS ${CMAKE_SOURCE_DIR}/build/pagmo/usr/lib
  PATH_SUFFIXES ${CMAKE_LIBRARY_ARCHITECTURE})
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Pagmo REQUIRED_VARS PAGMO_LIBRARY PAGMO_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "(`./dev setup` unpacks Debian's libpagmo-dev to build/pagmo)")
mark_as_advanced(PAGMO_INCLUDE_DIR PAGMO_LIBRARY)
if(Pagmo_FOUND AND NOT TARGET Pagmo::pagmo)
  add_library(Pagmo::pagmo STATIC IMPORTED)
  set_target_properties(Pagmo::pagmo PROPERTIES IMPORTED_LOCATION ${PAGMO_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${PAGMO_INCLUDE_DIR})
endif()
