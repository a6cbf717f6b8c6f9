// The points of a sweep: the exact cross product of its axes, each point once, the last axis fastest; or so
// many of them by chance.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/job/document.hpp"
#include "common/job/draw.hpp"

namespace espalier::job {

#ifdef ESPALIER_FUZZED
constexpr std::uint64_t kMostTrials = 1'000;  // a fuzzer would find large sweeps and nothing else
#else
constexpr std::uint64_t kMostTrials = 1'000'000;
#endif

// One dimension: keys that move together (one, unless they are zipped), and the tuples they take, or what a
// single key's values are drawn from.
struct Axis {
  std::vector<std::string> keys;
  std::vector<std::vector<Node>> points;  // each as long as `keys`; no two are equal
  Span span;
  std::optional<Distribution> distribution = {};  // set if there are no points
};

struct Sweep {
  std::vector<Axis> axes;
  std::optional<std::vector<double>> drawn = {};  // instead of the whole product: see draw_points
  [[nodiscard]] std::uint64_t size() const;       // at most kMostTrials + 1
  // The point's number on each axis: the index of one of its points, or a chance for its distribution.
  [[nodiscard]] std::vector<double> numbers(std::uint64_t index) const;
  // The keys and values that such numbers stand for, in the order of the axes.
  [[nodiscard]] std::vector<std::pair<std::string_view, Node>> at(const std::vector<double>& numbers) const;
};

// `sweep` and `zip` of a group, as written. Marks nothing: what is wrong is reported and left out. With
// `sampling` the points are drawn; without, what can only be drawn is an error.
Sweep read_sweep(const Node* sweep, const Node* zip, const std::optional<Sampling>& sampling,
                 Diagnostics& diagnostics);

// from, from + step, … up to `to`, in exact decimal arithmetic on the numbers as they are written: 0.1 to 0.9
// by 0.2 gives 0.3, not 0.30000000000000004. Empty if step leads away from `to` or is 0; at most kMostTrials
// + 1 values.
std::vector<Node> decimal_range(const Node& from, const Node& to, const Node& step);

}  // namespace espalier::job
