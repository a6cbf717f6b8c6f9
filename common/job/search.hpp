// A search whose points depend on what earlier ones gave: `search.strategy` halving or nsga2. What stands
// here is shared by the planner, which reads it from the job file and plans the points that it is asked for,
// and the coordinator's search, which asks for them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace espalier::job {

struct Search {
  enum class Strategy { halving, nsga2 };
  Strategy strategy{};
  std::uint64_t trials = 0;      // points a group, at most
  std::int64_t seed = 0;         // the job's
  std::uint64_t population = 0;  // nsga2: points a generation
  std::int64_t reduction = 0;    // halving: of so many that end a rung, one goes on to the next
  // halving: the metric of `evaluate` that decides, and whether more of it is better.
  std::string metric;
  bool maximize = false;
};

struct SearchAxis {
  enum class Kind {
    listed,  // its number is an index, 0 … count - 1
    whole,   // its number is a chance in [0, 1); count equal parts of it mean the same value
    real,    // a chance in [0, 1)
  };
  Kind kind = Kind::real;
  std::uint64_t count = 0;
};

// What a group searches in. A group that doesn't sweep has none: its one trial is planned as in a grid.
struct SearchSpace {
  std::string group;
  std::vector<SearchAxis> axes;
  std::vector<std::vector<double>> drawn;  // the first points, each a number an axis: see draw_points
  std::vector<std::int64_t> rungs;  // halving: epochs after which it is decided, ascending; the last: all
};

// A trial that a search asks for.
struct Proposal {
  std::string group;
  std::vector<double> point;    // a number an axis
  std::int64_t generation = 0;  // nsga2: from 0
  std::size_t rung = 0;         // halving: trained up to this one; up to the last: its whole pipeline
};

}  // namespace espalier::job
