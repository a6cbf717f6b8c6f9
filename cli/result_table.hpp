// A job's results as people read them: one line a trial, best first by the job's first objective, and the
// Pareto set.
#pragma once

#include <iosfwd>

#include "common/base/json.hpp"

namespace espalier::cli {

// `document` is what GET /api/v1/jobs/ID answers.
void print_results(const json::object& document, std::ostream& out);

}  // namespace espalier::cli
