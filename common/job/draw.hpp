// Points of a sweep by chance, for the strategies that draw. A point is a pure function of the job's seed,
// the group's name, the axis's keys and the point's number: more trials add points and change none, and so
// does another axis to the values of the rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/job/document.hpp"
#include "common/job/schema.hpp"

namespace espalier::job {

struct Axis;

// A distribution: { uniform = [a, b] }, { log_uniform = [a, b] } or { int = [a, b] }, both ends included.
struct Distribution {
  enum class Kind { uniform, log_uniform, whole };
  Kind kind = Kind::uniform;
  double low = 0;
  double high = 0;
  Span span;

  // For `chance` in 0 … 1 (1 excluded). Real numbers have six significant digits.
  [[nodiscard]] Node at(double chance) const;
};

// The word of a table that draws: "uniform", "log_uniform", "int" or "choice"; empty if it has none.
std::string_view drawing_word(const Node& table);

// Of a table with a drawing word other than "choice". Unset if it is wrong, which is reported.
std::optional<Distribution> read_distribution(const Node& table, const KeySchema& key,
                                              const std::string& shown, Diagnostics& diagnostics);

struct Sampling {
  std::uint64_t trials = 0;
  std::int64_t seed = 0;
  std::string group;
};

// Point after point, a number an axis: the index of one of its points, or a chance for its distribution. No
// point comes twice; there are fewer than asked for if the axes have no more.
std::vector<double> draw_points(const std::vector<Axis>& axes, const Sampling& sampling);

}  // namespace espalier::job
