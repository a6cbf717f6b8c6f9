// An attempt's limits; each check returns why it is over the limit, in words, or nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/clock.hpp"

namespace espalier::agent {

std::optional<std::string> over_time(double limit_s, Duration ran);  // 0: no limit
std::optional<std::string> over_memory(std::int64_t limit_bytes, std::optional<std::int64_t> resident_bytes);

}  // namespace espalier::agent
