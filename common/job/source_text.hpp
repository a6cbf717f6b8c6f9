// Questions about a job file's raw text: those that must be answered before a parser may see it, and where in
// it stands what a parser has read.
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

// Where a part of a text stands. `text` is the place of the whole text with its quotes, of any of TOML's four
// forms; `offset` and `length` count bytes of what it reads as, without quotes and escapes. Of a part that
// goes over several lines, the first line; at the text's end, its closing quote.
Span span_within(std::string_view source, Span text, std::size_t offset, std::size_t length);

}  // namespace espalier::job
