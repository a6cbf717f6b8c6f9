#include "coordinator/search/points.hpp"

#include <algorithm>
#include <cmath>

namespace espalier::search {

namespace {

constexpr double kBelowOne = 1 - 0x1p-53;

}  // namespace

bool belongs(const job::SearchSpace& space, const Point& point) {
  return point.size() == space.axes.size() &&
         std::all_of(point.begin(), point.end(), [](double number) { return std::isfinite(number); });
}

std::optional<std::uint64_t> values_of(const job::SearchAxis& axis) {
  if (axis.kind == job::SearchAxis::Kind::real) return std::nullopt;
  return std::max<std::uint64_t>(axis.count, 1);
}

Place place_of(const job::SearchSpace& space, const Point& point) {
  Place place;
  for (std::size_t i = 0; i < point.size(); ++i) {
    const auto values = values_of(space.axes[i]);
    if (!values) {
      place.push_back(std::clamp(point[i], 0.0, kBelowOne));
      continue;
    }
    const auto count = static_cast<double>(*values);
    const bool is_index = space.axes[i].kind == job::SearchAxis::Kind::listed;
    place.push_back(std::clamp(std::floor(is_index ? point[i] : point[i] * count), 0.0, count - 1));
  }
  return place;
}

Point point_at(const job::SearchSpace& space, const Place& place) {
  Point point = place;
  for (std::size_t i = 0; i < point.size(); ++i) {
    if (space.axes[i].kind == job::SearchAxis::Kind::whole)
      point[i] = (place[i] + 0.5) / static_cast<double>(*values_of(space.axes[i]));
  }
  return point;
}

}  // namespace espalier::search
