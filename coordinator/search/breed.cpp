#include "coordinator/search/breed.hpp"

#include <algorithm>
#include <cmath>
#include <pagmo/utils/genetic_operators.hpp>
#include <random>

namespace espalier::search {

namespace {

// Deb et al. 2002, section V, but for a crossover that reaches a little further: there are few trials.
constexpr double kCrossover = 0.9;
constexpr double kCrossoverIndex = 10;
constexpr double kMutationIndex = 20;
constexpr std::size_t kTriesAPoint = 20;
constexpr std::uint64_t kChoices = 8;   // whole numbers up to so many are chosen among, not moved along
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

// Points as pagmo's operators take them: numbers that move, then choices.
class Genome {
 public:
  explicit Genome(const job::SearchSpace& space) : space_(space) {
    for (std::size_t i = 0; i < space.axes.size(); ++i)
      if (!is_choice(i)) axes_.push_back(i);
    choices_ = space.axes.size() - axes_.size();
    for (std::size_t i = 0; i < space.axes.size(); ++i)
      if (is_choice(i)) axes_.push_back(i);
    bounds_.first.assign(axes_.size(), 0);
    for (const auto axis : axes_)
      bounds_.second.push_back(is_choice(axis) ? static_cast<double>(*values_of(space.axes[axis]) - 1)
                                               : std::nextafter(1.0, 0.0));
  }

  [[nodiscard]] std::vector<double> of(const Point& point) const {
    const Point settled = settle(point);
    const Place place = place_of(space_, settled);
    std::vector<double> genes;
    for (const auto axis : axes_) genes.push_back(is_choice(axis) ? place[axis] : settled[axis]);
    return genes;
  }

  // Two children of two genomes.
  [[nodiscard]] std::vector<Point> children(const std::vector<double>& a, const std::vector<double>& b,
                                            std::mt19937& chance) const {
    auto pair = pagmo::sbx_crossover(a, b, bounds_, choices_, kCrossover, kCrossoverIndex, chance);
    std::vector<Point> points;
    for (auto* child : {&pair.first, &pair.second}) {
      const double rate = 1 / static_cast<double>(axes_.size());
      pagmo::polynomial_mutation(*child, bounds_, choices_, rate, kMutationIndex, chance);
      points.push_back(point_of(*child));
    }
    return points;
  }

 private:
  [[nodiscard]] bool is_choice(std::size_t axis) const {
    const auto values = values_of(space_.axes[axis]);
    return values && (space_.axes[axis].kind == job::SearchAxis::Kind::listed || *values <= kChoices);
  }

  // Anything that means the same as the same genome.
  [[nodiscard]] Point settle(const Point& point) const { return point_at(space_, place_of(space_, point)); }

  [[nodiscard]] Point point_of(const std::vector<double>& genes) const {
    Point point(axes_.size());
    for (std::size_t i = 0; i < axes_.size(); ++i) {
      const auto& axis = space_.axes[axes_[i]];
      const bool is_part = is_choice(axes_[i]) && axis.kind == job::SearchAxis::Kind::whole;
      point[axes_[i]] = is_part ? (genes[i] + 0.5) / static_cast<double>(*values_of(axis)) : genes[i];
    }
    return settle(point);
  }

  const job::SearchSpace& space_;
  std::vector<std::size_t> axes_;  // by gene
  std::size_t choices_ = 0;
  std::pair<std::vector<double>, std::vector<double>> bounds_;
};

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

double fraction(std::mt19937& chance) {
  return static_cast<double>(chance()) * 0x1p-32;
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
    const Genome genome(space);
    const auto winner = [&] { return std::min(chance() % parents.size(), chance() % parents.size()); };
    for (std::size_t i = 0; i < kTriesAPoint * count && found.size() < count; ++i) {
      const auto mother = genome.of(parents[winner()]);
      const auto father = genome.of(parents[winner()]);
      for (const auto& child : genome.children(mother, father, chance)) keep(child);
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
