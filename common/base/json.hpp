// JSON is Boost.JSON's. `canonical` is the one form that is hashed: keys sorted, no white space, doubles that
// hold whole numbers written like integers, so that equal inputs have equal text.
#pragma once

#include <boost/json.hpp>
#include <string>

#include "common/base/result.hpp"

namespace espalier {

namespace json = boost::json;

std::string canonical(const json::value& value);
Result<json::value> parse_json(std::string_view text);  // depth and size bounded by the caller's text

}  // namespace espalier
