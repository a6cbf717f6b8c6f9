// train, finetune, distill, teacher-logits, evaluate: each reads its inputs, calls the shared loop, writes
// its outputs.
#include <algorithm>
#include <chrono>
#include <cmath>

#include "common/base/hash.hpp"
#include "worker/runner/fields.hpp"
#include "worker/runner/task.hpp"
#include "worker/runner/train/evaluation.hpp"
#include "worker/runner/train/loss.hpp"
#include "worker/runner/train/tensors_file.hpp"
#include "worker/runner/train/training.hpp"

namespace espalier::runner {
namespace {

// All parts of a training have the same.
std::string identity_of_whole(const TaskContext& task) {
  auto spec = task.spec;
  spec.erase("inputs");
  if (auto* settings = spec.if_contains("settings")) settings->as_object().erase("until_epoch");
  return sha256_hex(canonical(spec));
}

Relay relay_of(const TaskContext& task, const TrainSettings& settings) {
  Relay relay;
  if (!settings.until_epoch) return relay;
  relay.identity = identity_of_whole(task);
  if (const auto state = task.inputs.find("state"); state != task.inputs.end()) relay.from = state->second;
  if (*settings.until_epoch < settings.epochs) relay.to = task.folder / "state.pt";
  return relay;
}

Training training_of(const TaskContext& task) {
  Training training;
  training.settings = train_settings_from(settings_of(task));
  training.seed = seed_of(task);
  training.progress = task.progress;
  training.checkpoints = {task.folder,
                          task.checkpoint_interval,
                          sha256_hex(json::serialize(task.spec)),
                          {},
                          task.checkpoint_saved};
  if (const auto saved = task.inputs.find("checkpoint"); saved != task.inputs.end())
    training.checkpoints.go_on_from = saved->second;
  training.relay = relay_of(task, training.settings);
  training.loss = [smoothing = training.settings.label_smoothing](const auto& scores, const auto& labels,
                                                                  const auto&) {
    return label_loss(scores, labels, smoothing);
  };
  return training;
}

TaskOutcome trained(const TaskContext& task, const Model& model, const TrainingResult& result) {
  const auto file = task.folder / "model.pt";
  save_model(model, file);
  return {training_metrics(result), {{"model", file}}};
}

struct MaskedParameter {
  torch::Tensor parameter, mask;
};

std::vector<MaskedParameter> masked_parameters(const Model& model, const NamedTensors& masks) {
  std::vector<MaskedParameter> masked;
  auto left = masks;
  for (const auto& item : model.module.named_parameters()) {
    const auto found = left.find(item.name);
    if (found == left.end()) continue;
    if (found->second.sizes() != item.value.sizes())
      throw ErrorException(
          Error{ErrorKind::failed, "the mask of " + item.name + " has another shape than it", ""});
    masked.push_back({item.value, found->second.to(torch::kBool).logical_not()});
    left.erase(found);
  }
  if (!left.empty())
    throw ErrorException(Error{ErrorKind::failed,
                               "there is a mask for " + left.begin()->first + ", but no such parameter", ""});
  return masked;
}

void apply(const std::vector<MaskedParameter>& masked) {
  torch::NoGradGuard no_grad;
  for (const auto& [parameter, removed] : masked) parameter.masked_fill_(removed, 0);
}

torch::Tensor hash_as_tensor(const std::string& hash) {
  auto bytes = torch::empty({static_cast<std::int64_t>(hash.size())}, torch::kUInt8);
  std::copy(hash.begin(), hash.end(), bytes.data_ptr<std::uint8_t>());
  return bytes;
}

// Teacher's logits [N, classes] by position in the train subset, checked to be of the same subset.
torch::Tensor teacher_logits(const TaskContext& task, const Dataset& dataset) {
  const auto tensors = load_tensors(input_of(task, "logits"));
  if (!tensors.contains("logits") || !tensors.contains("subset"))
    throw ErrorException(Error{ErrorKind::failed, "the input `logits` holds no logits", ""});
  if (!tensors.at("subset").equal(hash_as_tensor(dataset.fingerprint)))
    throw ErrorException(Error{ErrorKind::failed,
                               "the teacher's logits belong to other training samples than the student's",
                               "give teacher and student the same data and seed"});
  auto logits = tensors.at("logits");
  if (logits.dim() != 2 || logits.size(0) != dataset.train.size() || logits.size(1) != dataset.classes)
    throw ErrorException(Error{ErrorKind::failed, "the teacher's logits don't fit the data", ""});
  return logits;
}

}  // namespace

TaskOutcome run_train(TaskContext& task) {
  const auto& dataset = load_dataset(data_of(task), seed_of(task));
  auto model = model_of(task);
  const auto training = training_of(task);
  auto outcome = trained(task, model, train_model(model, dataset, training));
  if (training.relay.to) outcome.outputs.push_back({"state", *training.relay.to});
  return outcome;
}

TaskOutcome run_finetune(TaskContext& task) {
  const auto& dataset = load_dataset(data_of(task), seed_of(task));
  auto model = model_of(task);
  auto training = training_of(task);
  NamedTensors masks;
  if (task.inputs.contains("masks")) masks = load_tensors(input_of(task, "masks"));
  const auto masked = masked_parameters(model, masks);
  apply(masked);
  training.after_step = [&masked] { apply(masked); };
  auto outcome = trained(task, model, train_model(model, dataset, training));
  if (!masks.empty()) {
    const auto file = task.folder / "masks.pt";
    save_tensors(masks, file);
    outcome.outputs.push_back({"masks", file});
  }
  return outcome;
}

TaskOutcome run_distill(TaskContext& task) {
  const auto& dataset = load_dataset(data_of(task), seed_of(task));
  const auto settings = distill_settings_from(settings_of(task));
  const auto logits = teacher_logits(task, dataset);
  auto model = model_of(task);
  auto training = training_of(task);
  training.loss = [&settings, &logits, hard = training.loss](const auto& scores, const auto& labels,
                                                             const auto& indices) {
    const auto soft = teacher_loss(scores, logits.index_select(0, indices), settings) * settings.alpha;
    return settings.alpha < 1 ? soft + hard(scores, labels, indices) * (1 - settings.alpha) : soft;
  };
  return trained(task, model, train_model(model, dataset, training));
}

// The student's trial shows what is wrong with it.
Model teacher_of(const TaskContext& task, const Dataset& dataset) {
  try {
    auto model = model_of(task);
    check_fits(model, dataset);
    return model;
  } catch (const ErrorException& failure) {
    auto error = failure.error();
    error.message = "the teacher: " + error.message;
    throw ErrorException(error);
  }
}

TaskOutcome run_teacher_logits(TaskContext& task) {
  const auto& dataset = load_dataset(data_of(task), seed_of(task));
  auto model = teacher_of(task, dataset);
  model.module.eval();
  const UnoptimisedGraphs as_written;
  const auto start = std::chrono::steady_clock::now();
  const auto scores = scores_of(model, dataset, dataset.train,
                                [&task](double done) { task.progress(done, "teacher's logits", {}); });
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const auto file = task.folder / "logits.pt";
  save_tensors({{"logits", scores}, {"subset", hash_as_tensor(dataset.fingerprint)}}, file);
  const auto rate = static_cast<double>(dataset.train.size()) / seconds;
  return {{{"logits_images_per_s", rate, "1/s", {}, {}, 0}}, {{"logits", file}}};
}

TaskOutcome run_evaluate(TaskContext& task) {
  const auto& dataset = load_dataset(data_of(task), seed_of(task));
  auto model = model_of(task);
  check_fits(model, dataset);
  model.module.eval();
  const UnoptimisedGraphs as_written;
  const auto result =
      evaluate_model(model, dataset, [&task](double done) { task.progress(done, "evaluating", {}); });
  if (!std::isfinite(result.loss))
    throw ErrorException(Error{ErrorKind::failed,
                               "the loss is not a finite number: the model gives scores that are none",
                               "train it with a lower learning rate, or look for NaN in its weights"});
  const auto interval = wilson_interval(result.correct, result.samples);
  return {{{"accuracy", result.accuracy(), "", interval.low, interval.high, result.samples},
           {"loss", result.loss, "", {}, {}, result.samples}},
          {}};
}

}  // namespace espalier::runner
