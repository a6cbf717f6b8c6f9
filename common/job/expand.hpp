// Groups to trials, trials to tasks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/job/data_source.hpp"
#include "common/job/devices.hpp"
#include "common/job/document.hpp"
#include "common/job/sweep.hpp"
#include "common/job/task_graph.hpp"

namespace espalier::job {

struct Group {
  std::string name;
  Node settings;  // the job's tables with the group's laid over them
  std::vector<Stage> stages;
  bool is_usable = true;  // its pipeline makes sense
  Sweep sweep;
  std::size_t target = 0;               // index among the plan's targets
  std::vector<MeasuredOn> measured_on;  // by its benchmarks
  std::optional<SearchSpace> space;     // set if it sweeps, and the search is adaptive
};

class Expansion {
 public:
  Expansion(Looked& looked, Diagnostics& diagnostics, const PlanSink& sink)
      : looked_(looked), diagnostics_(diagnostics), sink_(sink) {}

  // Hands out the group's trials: every point of its sweep in order, and each with every seed.
  void add(Group group);
  // Of a group with a search space: those that are asked for.
  void add(Group group, const std::vector<Proposal>& asked);
  // Of such a group: hands out nothing, but finds what is wrong with the points that were drawn.
  void check(Group group);
  void finish();  // hands out what is left

 private:
  void add_trial(const Group& group, Trial trial, std::int64_t seed);

  Looked& looked_;
  Diagnostics& diagnostics_;
  const PlanSink& sink_;
  TaskGraph graph_;
  std::vector<Trial> trials_;
};

}  // namespace espalier::job
