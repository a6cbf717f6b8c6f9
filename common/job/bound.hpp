// What a constraint asks of a metric: ">= 0.85".
#pragma once

#include <optional>
#include <string_view>

#include "common/job/plan.hpp"

namespace espalier::job {

// Comparison and bound; the metric's name stays empty.
std::optional<Constraint> parse_bound(std::string_view text);

}  // namespace espalier::job
