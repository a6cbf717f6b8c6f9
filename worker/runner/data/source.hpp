// Where images come from, before subsets and normalisation.
#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "common/base/json.hpp"
#include "worker/runner/data/dataset.hpp"

namespace espalier::runner {

struct RawSplit {
  torch::Tensor images;  // uint8 [N, C, H, W]
  torch::Tensor labels;  // int64 [N]
};

struct RawData {
  RawSplit train, validation;
  std::int64_t classes = 0;
};

// Reads what the specification's `data` names, unresized.
RawData read_raw_data(const json::object& data_spec, std::int64_t seed);

// Shape and classes as stored, before `resize`.
DataShape raw_shape(const json::object& data_spec);

// Images whose class shows as a pattern under noise: {"format": "synthetic", "input_shape": [C, H, W],
// "classes": n, "train_samples", "val_samples"}; 3x32x32, 10 classes, 1024 and 256 samples if it doesn't say.
RawData synthetic_data(const json::object& data_spec, std::int64_t seed);

}  // namespace espalier::runner
