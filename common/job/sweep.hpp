// The points of a sweep: the exact cross product of its axes, each point once, the last axis fastest.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/job/document.hpp"

namespace espalier::job {

#ifdef ESPALIER_FUZZED
constexpr std::uint64_t kMostTrials = 1'000;  // a fuzzer would find large sweeps and nothing else
#else
constexpr std::uint64_t kMostTrials = 1'000'000;
#endif

// One dimension of the grid: keys that move together (one, unless they are zipped), and the tuples they take.
struct Axis {
  std::vector<std::string> keys;
  std::vector<std::vector<Node>> points;  // each as long as `keys`; no two are equal
  Span span;
};

struct Sweep {
  std::vector<Axis> axes;
  [[nodiscard]] std::uint64_t size() const;  // at most kMostTrials + 1
  // The point's keys and values, in the order of the axes.
  [[nodiscard]] std::vector<std::pair<std::string_view, const Node*>> at(std::uint64_t index) const;
};

// `sweep` and `zip` of a group, as written. Marks nothing: what is wrong is reported and left out.
Sweep read_sweep(const Node* sweep, const Node* zip, Diagnostics& diagnostics);

// from, from + step, … up to `to`, in exact decimal arithmetic on the numbers as they are written: 0.1 to 0.9
// by 0.2 gives 0.3, not 0.30000000000000004. Empty if step leads away from `to` or is 0; at most kMostTrials
// + 1 values.
std::vector<Node> decimal_range(const Node& from, const Node& to, const Node& step);

}  // namespace espalier::job
