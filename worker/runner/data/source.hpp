// Where samples come from, before subsets and normalisation.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "common/base/json.hpp"
#include "worker/runner/data/dataset.hpp"

namespace espalier::runner {

struct RawSplit {
  torch::Tensor labels;  // int64 [N]
  // Those of the samples at these places (ascending, each once), as `InputKind` says: only what a subset
  // keeps is ever decoded.
  std::function<torch::Tensor(const std::vector<std::int64_t>& kept)> inputs;
  [[nodiscard]] std::int64_t size() const { return labels.size(0); }
};

// `inputs` [N, …] are shared, not copied, where all are kept.
RawSplit in_memory(torch::Tensor inputs, torch::Tensor labels);

struct RawData {
  RawSplit train, validation;
  std::int64_t classes = 0;
  InputKind kind = InputKind::images;
};

// Reads what the specification's `data` names; only photographs are scaled yet. Throws ErrorException that
// names the file that is missing or broken, and where.
RawData read_raw_data(const json::object& data_spec, std::int64_t seed);

// Shape and classes as stored, before `resize`, but for photographs.
DataShape raw_shape(const json::object& data_spec);

// Images whose class shows as a pattern under noise: {"format": "synthetic", "input_shape": [C, H, W],
// "classes": n, "train_samples", "val_samples"}; 3x32x32, 10 classes, 1024 and 256 samples if it doesn't say.
RawData synthetic_data(const json::object& data_spec, std::int64_t seed);

}  // namespace espalier::runner
