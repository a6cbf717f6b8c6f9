// Where a training stands, in a file: all that its next step depends on, so that a training that goes on from
// it ends with the same weights, bit for bit, as one that was never interrupted (one machine, one thread).
#pragma once

#include <torch/torch.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "worker/runner/models/model.hpp"
#include "worker/runner/task.hpp"

namespace espalier::runner {

struct TrainingPosition {
  std::int64_t epoch = 1;       // the one it is in, from 1
  std::int64_t batch = 0;       // the next one of that epoch; as many as there are: not yet validated
  std::int64_t step = 0;        // steps done in all
  std::int64_t first_step = 0;  // of them: before this task, which goes on from another one's state
  // What follows is of this task alone.
  std::int64_t images = 0;
  double training_seconds = 0;
  double waiting_seconds = 0;  // of them: for batches
  double loss_sum = 0;         // of the epoch's batches so far, weighted by their images
  std::int64_t seen = 0;
  std::vector<CurvePoint> points;  // all that were reported until then
  // With patience: the epoch of the lowest validation loss, and all of the model's tensors as they were then.
  std::int64_t best_epoch = 0;  // 0: none yet
  double best_loss = 0;
  std::vector<torch::Tensor> best_tensors;
};

// Parameters and buffers in their order, which the model's graph fixes.
std::vector<torch::Tensor> tensors_of(const Model& model);

// When and where a training saves itself. Without `saved` it doesn't.
struct CheckpointPlan {
  std::filesystem::path folder;
  std::chrono::duration<double> interval{30};
  std::string identity;  // of the task: another one's checkpoint is not gone on with
  std::optional<std::filesystem::path> go_on_from;
  std::function<void(const std::filesystem::path& file, std::int64_t step)> saved;
};

// A training that several tasks do in parts. The state that one leaves is a checkpoint for the next one.
struct Relay {
  std::string identity;                       // of the whole: another training's state is refused
  std::optional<std::filesystem::path> from;  // unset: this is the first part
  std::optional<std::filesystem::path> to;    // unset: this is the last one
};

// Written beside its place and renamed: a file that is there is complete.
void save_checkpoint(const std::filesystem::path& file, const std::string& identity, const Model& model,
                     const torch::optim::Optimizer& optimizer, const TrainingPosition& position);

// Sets the model's tensors, the optimizer (one that was just made for the model) and the random state. An
// error leaves all of them as they were, but for the optimizer.
Result<TrainingPosition> load_checkpoint(const std::filesystem::path& file, const std::string& identity,
                                         Model& model, torch::optim::Optimizer& optimizer);

}  // namespace espalier::runner
