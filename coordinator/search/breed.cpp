#include "coordinator/search/breed.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>

#include "coordinator/search/vary.hpp"

namespace espalier::search {

namespace {

constexpr std::size_t kTriesAPoint = 20;
constexpr double kMostPlaces = 0x1p53;  // that are counted

std::mt19937 chance_of(const Rules& rules, std::int64_t generation) {
  const auto seed = static_cast<std::uint64_t>(rules.search.seed);
  const auto number = static_cast<std::uint64_t>(generation);
  std::vector<std::uint32_t> parts;
  for (const auto part : {seed, seed >> 32, number, number >> 32})
    parts.push_back(static_cast<std::uint32_t>(part));
  for (const char letter : rules.space.group) parts.push_back(static_cast<unsigned char>(letter));
  std::seed_seq sequence(parts.begin(), parts.end());
  return std::mt19937(sequence);
}

// Unset: there is no end of them, or none worth waiting for.
std::optional<std::uint64_t> places_in(const job::SearchSpace& space) {
  std::uint64_t count = 1;
  for (const auto& axis : space.axes) {
    const auto values = values_of(axis);
    if (!values || static_cast<double>(count) * static_cast<double>(*values) > kMostPlaces)
      return std::nullopt;
    count *= *values;
  }
  return count;
}

Place place_number(const job::SearchSpace& space, std::uint64_t number) {
  Place place;
  for (const auto& axis : space.axes) {
    place.push_back(static_cast<double>(number % *values_of(axis)));
    number /= *values_of(axis);
  }
  return place;
}

Point anywhere(const job::SearchSpace& space, std::mt19937& chance) {
  Point point;
  for (const auto& axis : space.axes) {
    const auto values =
        axis.kind == job::SearchAxis::Kind::listed ? static_cast<double>(*values_of(axis)) : 1;
    point.push_back(fraction(chance) * values);
  }
  return point_at(space, place_of(space, point));
}

}  // namespace

std::vector<Point> breed(const Rules& rules, const std::vector<Point>& parents, Tried& tried,
                         std::int64_t generation, std::size_t count) {
  const job::SearchSpace& space = rules.space;
  std::vector<Point> found;
  const auto keep = [&](const Point& point) {
    if (found.size() < count && belongs(space, point) && tried.add(point)) found.push_back(point);
  };
  auto chance = chance_of(rules, generation);
  if (!parents.empty() && !space.axes.empty()) {
    const auto winner = [&] { return std::min(chance() % parents.size(), chance() % parents.size()); };
    for (std::size_t i = 0; i < kTriesAPoint * count && found.size() < count; ++i) {
      const auto& mother = parents[winner()];
      const auto& father = parents[winner()];
      const auto [a, b] = children(space, mother, father, chance);
      keep(a);
      keep(b);
    }
  }
  for (const auto& point : space.drawn) keep(point);
  if (const auto places = places_in(space)) {
    const auto start = static_cast<std::uint64_t>(fraction(chance) * static_cast<double>(*places));
    for (std::uint64_t i = 0; i < *places && found.size() < count; ++i)
      keep(point_at(space, place_number(space, (start + i) % *places)));
    return found;
  }
  for (std::size_t i = 0; i < kTriesAPoint * count && found.size() < count; ++i)
    keep(anywhere(space, chance));
  return found;
}

}  // namespace espalier::search
