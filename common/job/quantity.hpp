// Texts that carry a number: "30m", "4GiB", ">= 0.85".
#pragma once

#include <optional>
#include <string_view>

#include "common/job/plan.hpp"

namespace espalier::job {

std::optional<double> parse_duration(std::string_view text);  // seconds; ms, s, m, h, d
std::optional<double> parse_size(std::string_view text);      // bytes; B, kB, MB, GB, TB, KiB, MiB, GiB, TiB

// Comparison and bound; the metric's name stays empty.
std::optional<Constraint> parse_bound(std::string_view text);

}  // namespace espalier::job
