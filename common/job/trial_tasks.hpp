// The tasks of one trial: its pipeline, its measurements, its teacher and its teacherless twin.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/job/data_source.hpp"
#include "common/job/devices.hpp"
#include "common/job/model_source.hpp"
#include "common/job/task_graph.hpp"

namespace espalier::job {

// Everything a trial's tasks are made of; unset means: the trial has no such stage or measurement.
struct TrialParts {
  std::int64_t seed = 1;
  std::vector<Stage> stages;
  std::size_t target = 0;  // index among the plan's targets
  DataSource data;
  ModelSource model;
  json::object train;
  json::object distill;
  json::object twin;
  json::object finetune;
  json::object prune;
  json::object quantize;
  std::optional<ModelSource> teacher;
  std::optional<json::object> teacher_train;  // unset: the teacher is trained already
  std::optional<json::object> benchmark;
  std::vector<MeasuredOn> measured_on;  // by the benchmark
  std::optional<ModelSource> against;   // the benchmark's baseline, if it is another trial's model
  bool evaluates = true;
  // Set if the training is done in parts: the epochs after which each ends, and the last one of this trial.
  std::vector<std::int64_t> rungs = {};
  std::size_t rung = 0;
};

std::vector<TrialTask> trial_tasks(const TrialParts& parts, TaskGraph& graph);

}  // namespace espalier::job
