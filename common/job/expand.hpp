// Groups to trials, trials to tasks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/job/data_source.hpp"
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
};

class Expansion {
 public:
  Expansion(Looked& looked, Diagnostics& diagnostics) : looked_(looked), diagnostics_(diagnostics) {}

  // Appends the group's trials: every point of its sweep in order, and each with every seed.
  void add(Group group);
  std::vector<Trial> take_trials() && { return std::move(trials_); }
  std::vector<Task> take_tasks() && { return std::move(graph_).take(); }

 private:
  void add_trial(const Group& group, json::object params, std::int64_t seed);

  Looked& looked_;
  Diagnostics& diagnostics_;
  TaskGraph graph_;
  std::vector<Trial> trials_;
};

}  // namespace espalier::job
