#include <torch/csrc/jit/runtime/graph_executor.h>

#include "worker/runner/fields.hpp"
#include "worker/runner/refuse.hpp"
#include "worker/runner/train/training.hpp"

namespace espalier::runner {
TrainSettings train_settings_from(const json::object& settings) {
  TrainSettings result;
  result.epochs = integer_field(settings, "epochs", result.epochs);
  result.batch_size = integer_field(settings, "batch_size", result.batch_size);
  result.optimizer = text_field(settings, "optimizer", result.optimizer);
  result.learning_rate = number_field(settings, "learning_rate", result.learning_rate);
  result.weight_decay = number_field(settings, "weight_decay", result.weight_decay);
  result.momentum = number_field(settings, "momentum", result.momentum);
  result.schedule = schedule_kind_from(text_field(settings, "schedule", "cosine"));
  result.warmup_epochs = integer_field(settings, "warmup_epochs", 0);
  result.label_smoothing = number_field(settings, "label_smoothing", 0);
  if (result.epochs < 1 || result.batch_size < 1) refuse("epochs and batch_size have to be at least 1", "");
  if (!(result.learning_rate > 0)) refuse("learning_rate has to be above 0", "try 1e-3");
  if (result.label_smoothing < 0 || result.label_smoothing > 1)
    refuse("label_smoothing goes from 0 to 1", "");
  result.precision = precision_from(text_field(settings, "precision", "fp32"), "train.precision");
  if (has_field(settings, "clip_norm")) result.clip_norm = number_field(settings, "clip_norm", 0);
  if (has_field(settings, "patience")) result.patience = integer_field(settings, "patience", 0);
  if (has_field(settings, "until_epoch")) result.until_epoch = integer_field(settings, "until_epoch", 0);
  if (result.until_epoch && (*result.until_epoch < 1 || *result.until_epoch > result.epochs))
    refuse("until_epoch goes from 1 to epochs", "");
  if (result.until_epoch && result.patience)
    refuse("a training that is done in parts can't have patience", "leave train.patience out");
  if (result.clip_norm && !(*result.clip_norm > 0)) refuse("clip_norm has to be above 0", "try 1.0");
  if (result.patience && *result.patience < 1) refuse("patience has to be at least 1", "");
  return result;
}

std::unique_ptr<torch::optim::Optimizer> make_optimizer(const TrainSettings& settings,
                                                        std::vector<torch::Tensor> parameters) {
  namespace optim = torch::optim;
  if (settings.optimizer == "sgd")
    return std::make_unique<optim::SGD>(std::move(parameters), optim::SGDOptions(settings.learning_rate)
                                                                   .momentum(settings.momentum)
                                                                   .weight_decay(settings.weight_decay));
  if (settings.optimizer == "adam")
    return std::make_unique<optim::Adam>(
        std::move(parameters),
        optim::AdamOptions(settings.learning_rate).weight_decay(settings.weight_decay));
  if (settings.optimizer == "adamw")
    return std::make_unique<optim::AdamW>(
        std::move(parameters),
        optim::AdamWOptions(settings.learning_rate).weight_decay(settings.weight_decay));
  refuse("unknown optimizer \"" + settings.optimizer + "\"", "choose sgd, adam or adamw");
}

UnoptimisedGraphs::UnoptimisedGraphs() : before_(torch::jit::getGraphExecutorOptimize()) {
  torch::jit::setGraphExecutorOptimize(false);
}
UnoptimisedGraphs::~UnoptimisedGraphs() {
  torch::jit::setGraphExecutorOptimize(before_);
}

std::vector<Metric> training_metrics(const TrainingResult& result) {
  std::vector<Metric> metrics = {{"train_loss", result.train_loss, "", {}, {}, 0},
                                 {"train_images_per_s", result.images_per_s, "1/s", {}, {}, 0},
                                 {"train_data_wait", result.data_wait, "", {}, {}, 0}};
  if (result.best_epoch)
    metrics.push_back({"best_epoch", static_cast<double>(*result.best_epoch), "", {}, {}, 0});
  return metrics;
}

}  // namespace espalier::runner
