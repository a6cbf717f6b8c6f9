// Words and numbers in sentences for people, and the nearest right word for a wrong one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace espalier {

// The candidate with the smallest edit distance (a swap of neighbours counts one); empty if none is near.
std::string nearest(std::string_view word, std::span<const std::string_view> candidates);

// "did you mean `x`? " if one is near, else "possible: a, b, c".
std::string suggestion(std::string_view word, std::span<const std::string_view> candidates);
std::string listed(std::span<const std::string_view> words);  // "a, b, c"
std::string in_ticks(std::string_view word);                  // "`word`"
std::string as_written(double number);  // "0.05", the shortest text that reads back the same

}  // namespace espalier
