// The tasks of a plan, each key once.
#pragma once

#include <unordered_map>

#include "common/job/plan.hpp"

namespace espalier::job {

// The number of each stage's meaning: raised when the stage starts to do something else with the same
// settings, so that old results aren't taken for new ones.
int version_of(Stage stage);

class TaskGraph {
 public:
  // Completes the specification with stage, version and inputs, and returns the place of the task with its
  // key.
  std::size_t add(Stage stage, json::object spec, std::vector<TaskInput> inputs);
  [[nodiscard]] TaskInput output_of(std::size_t task, std::string role, std::string output) const;
  std::vector<Task> take() && { return std::move(tasks_); }

 private:
  std::vector<Task> tasks_;
  std::unordered_map<TaskKey, std::size_t> places_;
};

}  // namespace espalier::job
