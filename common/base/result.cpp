#include "common/base/result.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace espalier {
namespace {
constexpr std::array<std::pair<ErrorKind, std::string_view>, 9> kNames = {{
    {ErrorKind::usage, "usage"},
    {ErrorKind::invalid_job, "invalid_job"},
    {ErrorKind::not_found, "not_found"},
    {ErrorKind::missing_dependency, "missing_dependency"},
    {ErrorKind::busy, "busy"},
    {ErrorKind::unavailable, "unavailable"},
    {ErrorKind::failed, "failed"},
    {ErrorKind::interrupted, "interrupted"},
    {ErrorKind::internal, "internal"},
}};
}  // namespace

std::string_view to_string(ErrorKind kind) {
  for (const auto& [value, name] : kNames)
    if (value == kind) return name;
  return "internal";
}

ErrorKind error_kind_from(std::string_view name) {
  for (const auto& [value, text] : kNames)
    if (text == name) return value;
  return ErrorKind::internal;
}

void invariant_failed(std::string_view condition, std::string_view file, int line) {
  std::fprintf(stderr, "espalier: broken invariant at %.*s:%d: %.*s\n", static_cast<int>(file.size()),
               file.data(), line, static_cast<int>(condition.size()), condition.data());
  std::abort();
}

}  // namespace espalier
