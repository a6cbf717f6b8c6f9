// Typed reading of a specification's members. A member that is absent or null takes the fallback; one of the
// wrong type throws ErrorException that names it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/json.hpp"

namespace espalier::runner {

bool has_field(const json::object& object, std::string_view key);  // present and not null
double number_field(const json::object& object, std::string_view key, double fallback);
std::int64_t integer_field(const json::object& object, std::string_view key, std::int64_t fallback);
bool bool_field(const json::object& object, std::string_view key, bool fallback);
std::string text_field(const json::object& object, std::string_view key, std::string_view fallback);
std::vector<std::string> texts_field(const json::object& object, std::string_view key);
std::vector<double> numbers_field(const json::object& object, std::string_view key);
std::vector<std::int64_t> integers_field(const json::object& object, std::string_view key);

}  // namespace espalier::runner
