#include "common/job/trial_model.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/job/catalogue.hpp"

namespace espalier::job {
namespace {

using Shape = std::vector<std::int64_t>;

const json::object* section(const json::object& spec, std::string_view name) {
  const auto* found = spec.if_contains(name);
  return found != nullptr ? found->if_object() : nullptr;
}

std::string text_in(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string();
}

std::optional<Shape> shape_in(const json::object& object) {
  const auto* found = object.if_contains("input_shape");
  if (found == nullptr || !found->is_array()) return std::nullopt;
  return json::value_to<Shape>(*found);
}

// What `read_data` knows of the inputs' shape, from the specification that it made.
std::optional<Shape> shape_of(const json::object& data) {
  auto shape = shape_in(data);
  if (const auto* entry = find_dataset(text_in(data, "dataset")))
    shape = Shape{entry->channels, entry->height, entry->width};
  if (text_in(data, "format").starts_with("cifar")) shape = Shape{3, 32, 32};
  const auto* side = data.if_contains("resize");
  if (side == nullptr || !side->is_int64()) return shape;
  if (text_in(data, "format") == "image-folder") shape = Shape{3, 0, 0};
  if (shape && shape->size() == 3) shape->at(1) = shape->at(2) = side->as_int64();
  return shape;
}

bool makes_a_model(const PastTask& task) {
  return task.stage != "evaluate" && task.stage != "benchmark" && task.stage != "teacher-logits";
}

std::optional<TaskInput> file_of(const PastTask& task) {
  for (const auto* role : {"model", "weights"}) {
    if (const auto found = task.files.find(role); found != task.files.end())
      return TaskInput{role, {}, "", ContentHash{found->second}};
  }
  return std::nullopt;
}

// Of a task that takes the trial's net as it was given: a net of the zoo with its seed, or a file.
void describe(const PastTask& task, TrialModel& model) {
  model.file = file_of(task);
  const auto* given = section(task.spec, "model");
  if (given == nullptr) return;  // the file of another trial
  model.spec = *given;
  if (const auto* seed = task.spec.if_contains("seed")) model.spec["seed"] = *seed;
  if (const auto* data = section(task.spec, "data")) model.data = *data;
  for (const auto* of_samples : {"train_samples", "val_samples", "val_fraction", "shorter_side", "augment"})
    model.data.erase(of_samples);
}

Error not_made(TrialId trial, const PastTask& last) {
  const auto which = fmt::format("trial {} has no model", trial.value);
  if (last.state == "failed" || last.state == "cancelled")
    return {
        ErrorKind::failed,
        fmt::format("{}: its {} {}{}", which, last.stage, last.state == "failed" ? "failed" : "was cancelled",
                    last.reason.empty() ? "" : ": " + last.reason),
        "`espalier retry JOB --failed` runs it again"};
  if (last.state == "succeeded") return {ErrorKind::internal, which + ": its last stage made none", ""};
  return {
      ErrorKind::busy, fmt::format("{} yet: its {} is {}", which, last.stage, last.state),
      fmt::format("`espalier explain {}` says what it waits for; compare it once it has one", trial.value)};
}

}  // namespace

Result<TrialModel> trial_model(TrialId trial, const std::vector<PastTask>& own) {
  if (own.empty())
    return Error{ErrorKind::not_found,
                 fmt::format("trial {} neither makes a model nor measures one", trial.value),
                 "compare trials that are measured, or have a pipeline"};
  TrialModel model;
  const auto benchmark =
      std::find_if(own.begin(), own.end(), [](const PastTask& task) { return task.stage == "benchmark"; });
  if (benchmark != own.end()) {
    const auto* settings = section(benchmark->spec, "settings");
    model.measured = {settings == nullptr ? json::object() : *settings,
                      text_in(benchmark->spec, "device_class"), benchmark->target};
  }
  // The first task says what the net is, wherever it was made or given.
  const auto* first_data = section(own.front().spec, "data");
  if (const auto* given = section(own.front().spec, "model")) model.input_shape = shape_in(*given);
  if (!model.input_shape && first_data != nullptr) model.input_shape = shape_of(*first_data);
  const auto maker = std::find_if(own.rbegin(), own.rend(), makes_a_model);
  if (maker == own.rend()) {
    describe(benchmark != own.end() ? *benchmark : own.front(), model);
    return model;
  }
  if (maker->state != "succeeded" || maker->model.empty()) return not_made(trial, *maker);
  model.file = TaskInput{"model", {}, "", ContentHash{maker->model}};
  return model;
}

Result<void> check_comparable(const std::string& first, const TrialModel& one, const std::string& second,
                              const TrialModel& other) {
  const auto in_words = [](const Shape& shape) { return canonical(json::value_from(shape)); };
  if (one.input_shape && other.input_shape && *one.input_shape != *other.input_shape)
    return Error{ErrorKind::usage,
                 fmt::format("{} takes inputs {}, but {} takes {}", first, in_words(*one.input_shape), second,
                             in_words(*other.input_shape)),
                 "only models of the same inputs can be compared"};
  if (!one.data.empty() && !other.data.empty() && canonical(one.data) != canonical(other.data))
    return Error{
        ErrorKind::usage,
        fmt::format("{} and {} are nets that no task made, described by different data", first, second),
        "train them first, or give both the same [data]"};
  return {};
}

}  // namespace espalier::job
