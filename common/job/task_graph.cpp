#include "common/job/task_graph.hpp"

#include "common/base/hash.hpp"

namespace espalier::job {
namespace {

json::object inputs_spec(const std::vector<TaskInput>& inputs) {
  json::object spec;
  for (const auto& input : inputs) {
    if (input.task.value.empty()) {
      spec[input.role] = json::object{{"file", input.file.value}};
    } else {
      spec[input.role] = json::object{{"task", input.task.value}, {"output", input.output}};
    }
  }
  return spec;
}

}  // namespace

int version_of(Stage stage) {
  switch (stage) {
    case Stage::train:
    case Stage::distill:
    case Stage::finetune:
    case Stage::prune:
    case Stage::quantize:
    case Stage::teacher_logits:
    case Stage::evaluate:
    case Stage::benchmark:
      return 1;
  }
  return 1;
}

std::size_t TaskGraph::add(Stage stage, json::object spec, std::vector<TaskInput> inputs) {
  spec["stage"] = to_string(stage);
  spec["version"] = version_of(stage);
  spec["inputs"] = inputs_spec(inputs);
  TaskKey key{sha256_hex(canonical(spec))};
  const auto [place, is_new] = places_.try_emplace(key, tasks_.size());
  if (is_new) {
    tasks_.push_back({std::move(key), stage, std::move(spec), std::move(inputs), stage == Stage::benchmark});
  }
  return place->second;
}

TaskInput TaskGraph::output_of(std::size_t task, std::string role, std::string output) const {
  return {std::move(role), tasks_[task].key, std::move(output), {}};
}

}  // namespace espalier::job
