// The order of versions: of the numbers that a text begins with, part by part. "1.13.1+cu117" is 1, 13, 1 and
// "6.1.0-18-amd64" is 6, 1, 0; parts that lack are 0, so that "1.13" and "1.13.0" are neither before nor
// after each other.
#pragma once

#include <compare>
#include <optional>
#include <string_view>

namespace espalier::match {

bool is_version(std::string_view text);  // begins with a digit

// Unset unless both are versions.
std::optional<std::weak_ordering> compare_versions(std::string_view a, std::string_view b);

}  // namespace espalier::match
