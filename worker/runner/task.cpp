#include "worker/runner/task.hpp"

#include <array>
#include <utility>

#include "worker/runner/data/dataset.hpp"
#include "worker/runner/fields.hpp"
#include "worker/runner/memory_need.hpp"
#include "worker/runner/refuse.hpp"

namespace espalier::runner {
namespace {

const json::object& section(const json::object& spec, std::string_view name) {
  static const json::object kEmpty;
  const auto* value = spec.if_contains(name);
  return value == nullptr || !value->is_object() ? kEmpty : value->as_object();
}

// What the job file leaves to the data's files: the shape of a teacher's inputs, and whether they are tokens.
json::object with_inputs_of(json::object model, const json::object& data) {
  const bool is_tensors = text_field(data, "format", "") == "tensors";
  if (data.empty() || (has_field(model, "input_shape") && !is_tensors)) return model;
  const auto shape = data_shape(data);
  if (!has_field(model, "input_shape")) model["input_shape"] = json::value_from(shape.input_shape);
  if (shape.vocabulary > 0) model["vocabulary"] = shape.vocabulary;
  return model;
}

DataShape zoo_shape(const json::object& data) {
  auto shape = data_shape(data);
  if (shape.kind == InputKind::ids)
    refuse("the data's inputs are whole numbers (token ids), and the zoo's nets take floats",
           "bring a net for them as TorchScript with model.file, or save x_train as float32");
  return shape;
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

Model model_from(const TaskContext& task, const std::string& role) {
  const auto& spec = section(task.spec, role);
  const auto seed = integer_field(spec, "seed", seed_of(task));  // another trial's model has one of its own
  if (has_field(spec, "file"))
    return open_user_model(input_of(task, role), with_inputs_of(spec, data_of(task)), seed);
  if (!has_field(spec, "name")) return load_model(input_of(task, role));
  const auto shape = zoo_shape(data_of(task));
  const auto own_weights = role + "_weights";
  const std::string weights_role = task.inputs.contains(own_weights) ? own_weights : "weights";
  const auto weights = has_field(spec, "weights") ? input_of(task, weights_role) : std::filesystem::path();
  return make_zoo_model(spec, shape.input_shape, shape.classes, seed, weights);
}

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
  auto model = model_from(task, "model");
  if (task.needs_memory) task.needs_memory(memory_need(model, task.spec));
  return model;
}

std::optional<Model> baseline_of(const TaskContext& task) {
  if (!task.inputs.contains("baseline") && !task.spec.contains("baseline")) return std::nullopt;
  return model_from(task, "baseline");
}

TaskOutcome run_task(TaskContext& task) {
  const auto stage = text_field(task.spec, "stage", "");
  for (const auto& [name, run] : kStages)
    if (name == stage) return run(task);
  throw ErrorException(Error{ErrorKind::failed, "this runner knows no stage \"" + stage + "\"",
                             "coordinator and worker are of different versions: update the older one"});
}

}  // namespace espalier::runner
