# One interface target carries the flags of every target of ours.
set(ESPALIER_SANITIZE "" CACHE STRING "Sanitizers to build with, comma-separated")

add_library(espalier_options INTERFACE)
target_compile_options(espalier_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Werror
  -Winvalid-pch -fno-omit-frame-pointer)
# GCC 12 sees uninitialised members in inlined optional<>, and dangling or mismatched pointers in coroutine frames,
# where there are none.
target_compile_options(espalier_options INTERFACE
  -Wno-maybe-uninitialized -Wno-dangling-pointer -Wno-mismatched-new-delete)
target_include_directories(espalier_options INTERFACE ${CMAKE_SOURCE_DIR})
# Third-party header-only libraries whose definitions have to be the same everywhere.
target_compile_definitions(espalier_options INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL)
if(ESPALIER_SANITIZE)
  # Boost.Asio has fences, of which GCC's ThreadSanitizer knows nothing and warns (-Wtsan): what they order is ordered by
  # its mutexes too.
  target_compile_options(espalier_options INTERFACE -fsanitize=${ESPALIER_SANITIZE} -fno-sanitize-recover=all -g1 -O1
    -Wno-tsan)
  target_link_options(espalier_options INTERFACE -fsanitize=${ESPALIER_SANITIZE})
endif()
find_program(MOLD mold)
if(MOLD)
  target_link_options(espalier_options INTERFACE -fuse-ld=mold)
endif()

# mimalloc serves every allocation of a program: it comes first among its libraries. Sanitizers bring a malloc of their own.
function(espalier_mimalloc name)
  if(NOT ESPALIER_SANITIZE)
    target_link_libraries(${name} PRIVATE -Wl,--no-as-needed mimalloc -Wl,--as-needed)
    target_compile_definitions(${name} PRIVATE ESPALIER_MIMALLOC)
  endif()
endfunction()

# One precompiled header for all targets without LibTorch: what most of their files include. It saves a third of the
# time from nothing.
set(ESPALIER_PRECOMPILED
  <boost/asio/awaitable.hpp> <boost/asio/co_spawn.hpp> <boost/asio/io_context.hpp> <boost/asio/redirect_error.hpp>
  <boost/asio/steady_timer.hpp> <boost/asio/use_awaitable.hpp> <boost/describe.hpp> <boost/json.hpp>
  <boost/system/result.hpp> <spdlog/spdlog.h> <algorithm> <chrono> <filesystem> <functional> <map> <memory> <optional>
  <string> <string_view> <variant> <vector>)
function(espalier_precompile name)
  target_precompile_headers(${name} REUSE_FROM espalier_base)
endfunction()

# Most of a file is other people's headers: sources are compiled a handful at a time, which takes a quarter of the time
# from nothing.
# Not where coroutines live: GCC 12 takes their frames for types that leak out of anonymous namespaces.
set(CMAKE_UNITY_BUILD ON CACHE BOOL "")
set(CMAKE_UNITY_BUILD_BATCH_SIZE 6)
function(espalier_one_by_one name)
  set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
endfunction()

# espalier_library(NAME folder-of-sources libraries…): a static library of every .cpp of one folder.
function(espalier_library name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC espalier_options ${ARGN})
  if(name STREQUAL espalier_base)
    target_precompile_headers(${name} PRIVATE ${ESPALIER_PRECOMPILED})
  else()
    espalier_precompile(${name})
  endif()
endfunction()
