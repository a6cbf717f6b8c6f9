// Time is a value that is passed in. Only io loops read a clock.
#pragma once

#include <chrono>

namespace espalier {
using MonotonicTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;
using Duration = std::chrono::nanoseconds;
}  // namespace espalier
