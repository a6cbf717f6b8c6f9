// A task as its stage sees it: what it is given, what it hands back. Each stage is one function. A stage
// throws ErrorException for what the user can mend; everything else it throws is the runner's failure.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/json.hpp"
#include "common/wire/messages.hpp"
#include "worker/runner/models/model.hpp"

namespace espalier::runner {

using wire::CurvePoint;
using wire::Metric;

// Called from the stage's own thread: fraction 0..1 of this task, a short note, the points new since the last
// call.
using ReportProgress = std::function<void(double fraction, std::string note, std::vector<CurvePoint> points)>;

struct TaskContext {
  json::object spec;             // docs/how-it-works.md, "A task's specification"
  std::filesystem::path folder;  // exists, empty, this task's own; outputs go here
  std::map<std::string, std::filesystem::path>
      inputs;  // role ("model", "weights", "masks", "logits", "baseline", "baseline_weights", "state",
               // "checkpoint") to file
  ReportProgress progress;
  // A training saves itself about this often, and says so; never if nobody wants to hear of it.
  std::function<void(const std::filesystem::path& file, std::int64_t step)> checkpoint_saved = {};
  std::chrono::duration<double> checkpoint_interval{30};
  // What the task needs of memory, once its model is there; never if nobody wants to hear of it.
  std::function<void(std::int64_t bytes)> needs_memory = {};
};

struct OutputFile {
  std::string name;  // role: "model", "masks", "logits", "samples", "state"
  std::filesystem::path path;
};

struct TaskOutcome {
  std::vector<Metric> metrics;
  std::vector<OutputFile> outputs;
};

// The parts of a specification; an absent section is an empty object.
const json::object& settings_of(const TaskContext& task);
const json::object& data_of(const TaskContext& task);
std::int64_t seed_of(const TaskContext& task);

// The input's file; throws if the task has no input of that role.
const std::filesystem::path& input_of(const TaskContext& task, const std::string& role);

// The model a task works on: the spec's own (`model`: a zoo net, with the state dict in the input `weights`
// if it names one, or a user's file in the input `model`) if it has one, else the input `model`.
Model model_of(const TaskContext& task);
// What it is compared with, if it is: likewise from the spec's or the input's `baseline`.
std::optional<Model> baseline_of(const TaskContext& task);

// ---- the stages ----

TaskOutcome run_train(TaskContext& task);           // worker/runner/train
TaskOutcome run_finetune(TaskContext& task);        // worker/runner/train
TaskOutcome run_distill(TaskContext& task);         // worker/runner/train
TaskOutcome run_teacher_logits(TaskContext& task);  // worker/runner/train
TaskOutcome run_evaluate(TaskContext& task);        // worker/runner/train
TaskOutcome run_prune(TaskContext& task);           // worker/runner/compress
TaskOutcome run_quantize(TaskContext& task);        // worker/runner/compress
TaskOutcome run_benchmark(TaskContext& task);       // worker/runner/measure

// Runs the stage that the specification names.
TaskOutcome run_task(TaskContext& task);

}  // namespace espalier::runner
