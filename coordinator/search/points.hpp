// Points of a search's space, and which of them mean the same.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "common/job/search.hpp"

namespace espalier::search {

using Point = std::vector<double>;  // a number an axis, as in job::SearchSpace

// A point with the same numbers as every point that means the same: indices for listed and whole axes.
using Place = std::vector<double>;

// Whether it has a number for each axis. One of another file's space has not.
bool belongs(const job::SearchSpace& space, const Point& point);

Place place_of(const job::SearchSpace& space, const Point& point);
Point point_at(const job::SearchSpace& space, const Place& place);

// How many values the axis has. Unset: there is no end of them.
std::optional<std::uint64_t> values_of(const job::SearchAxis& axis);

// The places that were asked for.
class Tried {
 public:
  explicit Tried(const job::SearchSpace& space) : space_(space) {}
  bool add(const Point& point) {
    return places_.insert(place_of(space_, point)).second;
  }  // whether it is new
  [[nodiscard]] std::size_t size() const { return places_.size(); }

 private:
  const job::SearchSpace& space_;  // outlives this
  std::set<Place> places_;
};

}  // namespace espalier::search
