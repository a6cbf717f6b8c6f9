#include "worker/agent/limits.hpp"

#include <fmt/format.h>

namespace espalier::agent {
namespace {

std::string mebibytes(std::int64_t bytes) {
  return fmt::format("{:.0f} MiB", static_cast<double>(bytes) / (1024.0 * 1024.0));
}

}  // namespace

std::optional<std::string> over_time(double limit_s, Duration ran) {
  if (limit_s <= 0 || std::chrono::duration<double>(ran).count() < limit_s) return std::nullopt;
  return fmt::format("it ran longer than its limit of {:g} s", limit_s);
}

std::optional<std::string> over_memory(std::int64_t limit_bytes, std::optional<std::int64_t> resident_bytes) {
  if (limit_bytes <= 0 || resident_bytes.value_or(0) <= limit_bytes) return std::nullopt;
  return fmt::format("it used {} of memory, more than its limit of {}", mebibytes(*resident_bytes),
                     mebibytes(limit_bytes));
}

}  // namespace espalier::agent
