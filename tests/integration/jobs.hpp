// Small real jobs for tests.
#pragma once

#include <string>

namespace espalier::test {

// A little of Fashion-MNIST, trained and measured within a second or two.
inline std::string little_work() {
  return R"(
[data]
dataset = "fashion-mnist"
train_samples = 1000
val_samples = 500
[train]
epochs = 1
batch_size = 32
learning_rate = 5e-3
[benchmark]
batch_sizes = [1]
min_seconds = 0.02
target_ci = 0.2
)";
}

// All four kinds of work on a little of Fashion-MNIST: a few seconds.
inline std::string small_job(const std::string& amounts = "[0.3, 0.6]") {
  return R"(
[job]
name = "small"
[model]
name = "lenet5"
)" + little_work() +
         R"(
[[group]]
name = "baseline"
pipeline = ["train"]
sweep = { "model.width" = [0.5, 1.0] }

[[group]]
name = "int8"
pipeline = ["train", "quantize"]
sweep = { "quantize.method" = ["dynamic", "static"] }

[[group]]
name = "pruned"
pipeline = ["train", "prune", "finetune"]
prune = { method = "l1_unstructured", scope = "global" }
finetune = { epochs = 1, learning_rate = 1e-4 }
sweep = { "prune.amount" = )" +
         amounts + R"( }

[[group]]
name = "distilled"
pipeline = ["distill"]
model = { name = "lenet5", width = 0.5 }
teacher = { model = { name = "lenet5" }, train = { epochs = 1 } }
distill = { loss = "kl", temperature = 4.0, alpha = 0.9 }
)";
}

// Eight independent trainings of a second or two each, so that there is a middle to strike in.
inline std::string long_job() {
  return R"(
[job]
name = "long"
[data]
dataset = "fashion-mnist"
train_samples = 6000
val_samples = 500
[model]
name = "lenet5"
[train]
epochs = 3
[benchmark]
batch_sizes = [1]
min_seconds = 0.02
target_ci = 0.2
[[group]]
name = "rates"
pipeline = ["train"]
sweep = { "train.learning_rate" = [1e-3, 2e-3, 3e-3, 4e-3, 5e-3, 6e-3, 7e-3, 8e-3] }
)";
}

// One training of some ten seconds.
inline std::string one_long_training() {
  return R"(
[job]
name = "one"
[data]
dataset = "fashion-mnist"
train_samples = 6000
val_samples = 500
[model]
name = "lenet5"
[train]
epochs = 12
[benchmark]
batch_sizes = [1]
min_seconds = 0.02
target_ci = 0.2
[[group]]
name = "one"
pipeline = ["train"]
)";
}

}  // namespace espalier::test
