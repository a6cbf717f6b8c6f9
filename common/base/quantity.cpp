#include "common/base/quantity.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <span>
#include <utility>

#include "common/base/words.hpp"

namespace espalier {
namespace {

using Unit = std::pair<std::string_view, double>;

std::optional<double> parse(std::string_view text, std::span<const Unit> units) {
  text = without_spaces_around(text);
  const auto value = take_number(text);
  if (!value) return std::nullopt;
  text = without_spaces_around(text);
  for (const auto& [name, factor] : units) {
    if (name == text) return *value * factor;
  }
  return std::nullopt;
}

}  // namespace

std::optional<double> parse_duration(std::string_view text) {
  constexpr std::array<Unit, 5> kUnits = {{{"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}}};
  return parse(text, kUnits);
}

std::optional<double> parse_size(std::string_view text) {
  constexpr double kKibi = 1024;
  constexpr std::array<Unit, 9> kUnits = {{{"B", 1},
                                           {"kB", 1e3},
                                           {"MB", 1e6},
                                           {"GB", 1e9},
                                           {"TB", 1e12},
                                           {"KiB", kKibi},
                                           {"MiB", kKibi * kKibi},
                                           {"GiB", kKibi * kKibi * kKibi},
                                           {"TiB", kKibi * kKibi * kKibi * kKibi}}};
  return parse(text, kUnits);
}

std::optional<double> take_number(std::string_view& text) {
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || !std::isfinite(value)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::string_view without_spaces_around(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string size_in_words(double bytes) {
  constexpr std::array<std::string_view, 5> kNames = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (unit + 1 < kNames.size() && std::abs(bytes) >= 1024) {
    bytes /= 1024;
    ++unit;
  }
  return as_written(std::round(bytes * 100) / 100) + " " + std::string(kNames[unit]);
}

}  // namespace espalier
