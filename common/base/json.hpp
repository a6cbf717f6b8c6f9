// JSON is Boost.JSON's. `canonical` is the one form that is hashed: keys sorted, no white space, doubles that
// hold whole numbers written like integers, so that equal inputs have equal text.
#pragma once

#include <boost/json.hpp>
#include <string>

#include "common/base/result.hpp"

namespace espalier {

namespace json = boost::json;

std::string canonical(const json::value& value);

// The only way JSON is read here. Boost.JSON's own parse is up to an ulp off in a fifth of all doubles (its
// parser of 1.81 promises no more), which would change measured values on their way and the text that a key
// is made from: a number becomes the double that is nearest to it, so that a written double reads as itself.
// The size is bounded by the caller's text.
constexpr std::size_t kDeepestJson =
    48;  // nobody nests a specification deeper; what does is an attack on the stack
Result<json::value> parse_json(std::string_view text);

}  // namespace espalier
