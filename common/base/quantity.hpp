// Texts that carry a number: "30m", "4GiB".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace espalier {

std::optional<double> parse_duration(std::string_view text);  // seconds; ms, s, m, h, d
std::optional<double> parse_size(std::string_view text);      // bytes; B, kB, MB, GB, TB, KiB, MiB, GiB, TiB

// The finite number at the start, which is removed.
std::optional<double> take_number(std::string_view& text);
std::string_view without_spaces_around(std::string_view text);

std::string size_in_words(
    double bytes);  // "4 GiB", "15.46 GiB": two decimals of the largest binary unit that fits

}  // namespace espalier
