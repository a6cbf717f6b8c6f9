// What came out of comparing two trials, as people read it.
#pragma once

#include <iosfwd>
#include <string>

#include "common/base/json.hpp"

namespace espalier::cli {

// One of the comparisons of GET /api/v1/comparisons/JOB in words: "trial 12 is 1.32x faster (1.29 to 1.35)",
// "can't tell (0.99 to 1.01)".
std::string verdict_in_words(const json::object& comparison);

// `document` is what GET /api/v1/comparisons/JOB answers.
void print_comparisons(const json::object& document, std::ostream& out);

// What makes the numbers doubtful, a line each; empty if nothing does.
std::string doubts_in_words(const json::object& document);

}  // namespace espalier::cli
