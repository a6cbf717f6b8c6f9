// Questions about a job file's raw text that must be answered before a parser may see it.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/job/diagnose.hpp"

namespace espalier::job {

std::vector<int> line_lengths(std::string_view text);  // in code points, without the line's end
std::optional<Span> first_invalid_utf8(std::string_view text);

// The first dotted key with more than 32 parts. Such keys make trees whose destruction recurses as deeply,
// and a file of a megabyte could overflow the stack.
std::optional<Span> first_deep_key(std::string_view text);

}  // namespace espalier::job
