#include "coordinator/search/vary.hpp"

#include <algorithm>
#include <cmath>

namespace espalier::search {

namespace {

// Deb et al. 2002 take indices of 20, for tens of thousands of trials. With hundreds, wider steps found more:
// the problems of tests/unit/search/nsga2_test.cpp, 15 seeds each.
constexpr double kCrossover = 0.9;
constexpr double kCrossoverIndex = 5;
constexpr double kMutationIndex = 5;
constexpr std::uint64_t kChoices = 8;  // of so many whole numbers each is a choice of its own

bool is_choice(const job::SearchAxis& axis) {
  const auto values = values_of(axis);
  return values && (axis.kind == job::SearchAxis::Kind::listed || *values <= kChoices);
}

// How far apart two children are, for parents a distance of 1 apart, if the nearest bound lies `room` away
// from its parent.
double spread(double room, double u) {
  const double alpha = 2 - std::pow(1 + 2 * room, -(kCrossoverIndex + 1));
  const double base = u <= 1 / alpha ? u * alpha : 1 / (2 - u * alpha);
  return std::pow(base, 1 / (kCrossoverIndex + 1));
}

// Each child is as likely on either side.
void cross(double& a, double& b, std::mt19937& chance) {
  const auto [low, high] = std::minmax({a, b});
  const double distance = high - low;
  if (!(distance > 1e-12)) return;
  const double middle = (low + high) / 2;
  const double u = fraction(chance);
  a = middle - spread(low / distance, u) * distance / 2;
  b = middle + spread((1 - high) / distance, u) * distance / 2;
  if (fraction(chance) < 0.5) std::swap(a, b);
}

double mutated(double value, std::mt19937& chance) {
  const double u = fraction(chance);
  const auto step = [](double share, double room) {
    const double power = kMutationIndex + 1;
    return std::pow(share + (1 - share) * std::pow(1 - room, power), 1 / power) - 1;
  };
  return u < 0.5 ? value + step(2 * u, value) : value - step(2 * (1 - u), 1 - value);
}

double other_choice(const job::SearchAxis& axis, double value, std::mt19937& chance) {
  const auto count = static_cast<double>(*values_of(axis));
  if (count < 2) return value;
  const double places = 1 + std::floor(fraction(chance) * (count - 1));
  const bool is_index = axis.kind == job::SearchAxis::Kind::listed;
  return is_index ? std::fmod(value + places, count) : std::fmod(value + places / count, 1);
}

}  // namespace

std::pair<Point, Point> children(const job::SearchSpace& space, const Point& mother, const Point& father,
                                 std::mt19937& chance) {
  Point a = point_at(space, place_of(space, mother));
  Point b = point_at(space, place_of(space, father));
  const bool crosses = fraction(chance) < kCrossover;
  const double mutations = 1 / static_cast<double>(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto& axis = space.axes[i];
    if (crosses && fraction(chance) < 0.5) {
      if (is_choice(axis))
        std::swap(a[i], b[i]);
      else
        cross(a[i], b[i], chance);
    }
    for (double* value : {&a[i], &b[i]})
      if (fraction(chance) < mutations)
        *value = is_choice(axis) ? other_choice(axis, *value, chance) : mutated(*value, chance);
  }
  return {point_at(space, place_of(space, a)), point_at(space, place_of(space, b))};
}

}  // namespace espalier::search
