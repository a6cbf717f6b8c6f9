// The training loop that train, finetune and distill share.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "worker/runner/data/dataset.hpp"
#include "worker/runner/precision.hpp"
#include "worker/runner/task.hpp"
#include "worker/runner/train/checkpoint.hpp"
#include "worker/runner/train/schedule.hpp"

namespace espalier::runner {

struct TrainSettings {
  std::int64_t epochs = 1;
  std::int64_t batch_size = 128;
  std::string optimizer = "adamw";  // "sgd" | "adam" | "adamw"
  double learning_rate = 1e-3;
  double weight_decay = 0;
  double momentum = 0.9;
  ScheduleKind schedule = ScheduleKind::cosine;
  std::int64_t warmup_epochs = 0;
  double label_smoothing = 0;
  Precision precision = Precision::fp32;  // bf16: of the arithmetic; weights and their updates stay fp32
  std::optional<double> clip_norm;        // of all gradients together
  // Epochs without a lower validation loss after which it ends; the weights are then those of the best epoch.
  std::optional<std::int64_t> patience;
  std::optional<std::int64_t> until_epoch;  // this part of a relay ends after it; `epochs` are the whole's
};

TrainSettings train_settings_from(const json::object& settings);  // throws ErrorException for impossible ones

std::unique_ptr<torch::optim::Optimizer> make_optimizer(const TrainSettings& settings,
                                                        std::vector<torch::Tensor> parameters);

// While it lives, TorchScript graphs run as they are written: that is faster for training, and bit-equal to
// torch::nn.
class UnoptimisedGraphs {
 public:
  UnoptimisedGraphs();
  ~UnoptimisedGraphs();
  UnoptimisedGraphs(const UnoptimisedGraphs&) = delete;
  UnoptimisedGraphs& operator=(const UnoptimisedGraphs&) = delete;

 private:
  bool before_;
};

struct Training {
  TrainSettings settings;
  std::int64_t seed = 0;
  // Loss of a batch: scores [n, classes], labels [n], indices [n] into the train split.
  std::function<torch::Tensor(const torch::Tensor& scores, const torch::Tensor& labels,
                              const torch::Tensor& indices)>
      loss;
  std::function<void()> after_step;  // may be empty
  CheckpointPlan checkpoints;
  Relay relay = {};
  ReportProgress progress;
};

struct TrainingResult {
  double train_loss = 0;                   // mean over the last epoch
  double images_per_s = 0;                 // of the training steps alone
  double data_wait = 0;                    // 0..1: share of their time in which no batch was ready
  std::optional<std::int64_t> best_epoch;  // whose weights were kept, with `patience`
};

// Trains `model` in place and leaves it in evaluation mode. A pure function of its arguments on one machine
// with one thread; the parts of a relay end with the same weights as one training, bit for bit. Throws
// ErrorException if the loss stops being a number, or if model and data don't fit each other.
TrainingResult train_model(Model& model, const Dataset& dataset, const Training& training);

// The metrics every training stage reports.
std::vector<Metric> training_metrics(const TrainingResult& result);

}  // namespace espalier::runner
