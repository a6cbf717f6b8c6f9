// The operators of a genetic search: two points in, two points out.
#pragma once

#include <random>
#include <utility>

#include "coordinator/search/points.hpp"

namespace espalier::search {

// 0 … 1, 1 excluded.
inline double fraction(std::mt19937& chance) {
  return static_cast<double>(chance()) * 0x1p-32;
}

// On real axes and whole ones with many values: simulated binary crossover (Deb, Agrawal 1995) and polynomial
// mutation (Deb, Goyal 1996), both within 0 … 1. On others the two exchange their values, and a mutation
// takes any other value.
std::pair<Point, Point> children(const job::SearchSpace& space, const Point& mother, const Point& father,
                                 std::mt19937& chance);

}  // namespace espalier::search
