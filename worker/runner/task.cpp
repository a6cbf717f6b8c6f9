#include "worker/runner/task.hpp"

#include <array>
#include <utility>

#include "worker/runner/data/dataset.hpp"
#include "worker/runner/fields.hpp"

namespace espalier::runner {
namespace {

const json::object& section(const json::object& spec, std::string_view name) {
  static const json::object kEmpty;
  const auto* value = spec.if_contains(name);
  return value == nullptr || !value->is_object() ? kEmpty : value->as_object();
}

constexpr std::array<std::pair<std::string_view, TaskOutcome (*)(TaskContext&)>, 8> kStages = {{
    {"train", run_train},
    {"finetune", run_finetune},
    {"distill", run_distill},
    {"teacher-logits", run_teacher_logits},
    {"evaluate", run_evaluate},
    {"prune", run_prune},
    {"quantize", run_quantize},
    {"benchmark", run_benchmark},
}};

}  // namespace

const json::object& settings_of(const TaskContext& task) {
  return section(task.spec, "settings");
}
const json::object& data_of(const TaskContext& task) {
  return section(task.spec, "data");
}
std::int64_t seed_of(const TaskContext& task) {
  return integer_field(task.spec, "seed", 1);
}

const std::filesystem::path& input_of(const TaskContext& task, const std::string& role) {
  const auto found = task.inputs.find(role);
  if (found == task.inputs.end())
    throw ErrorException(Error{ErrorKind::failed, "the task has no input \"" + role + "\"", ""});
  return found->second;
}

Model model_of(const TaskContext& task) {
  const auto& spec = section(task.spec, "model");
  if (has_field(spec, "file")) return open_user_model(input_of(task, "model"), spec, seed_of(task));
  if (!has_field(spec, "name")) return load_model(input_of(task, "model"));
  const auto shape = data_shape(data_of(task));
  return make_zoo_model(spec, shape.input_shape, shape.classes, seed_of(task));
}

TaskOutcome run_task(TaskContext& task) {
  const auto stage = text_field(task.spec, "stage", "");
  for (const auto& [name, run] : kStages)
    if (name == stage) return run(task);
  throw ErrorException(Error{ErrorKind::failed, "this runner knows no stage \"" + stage + "\"",
                             "coordinator and worker are of different versions: update the older one"});
}

}  // namespace espalier::runner
