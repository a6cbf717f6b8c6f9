// Labelled images in memory. Subsets, shuffles and augmentation are pure functions of a seed, with generators
// of our own, so that they are the same on every machine. Throws ErrorException for files that are missing or
// broken.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/json.hpp"

namespace espalier::runner {

struct Split {
  torch::Tensor images;      // uint8 (0..255) or float, [N, C, H, W], contiguous
  torch::Tensor labels;      // int64 [N]
  torch::Tensor normalised;  // float of `images`, normalised; undefined if it would take over 1 GiB
  [[nodiscard]] std::int64_t size() const { return labels.defined() ? labels.size(0) : 0; }
};

struct Dataset {
  Split train;
  Split validation;
  torch::Tensor mean;  // float [1, C, 1, 1], of the train subset, in units of `images`
  torch::Tensor deviation;
  std::int64_t classes = 0;
  std::vector<std::int64_t> input_shape;  // C, H, W, after `resize`
  std::string fingerprint;                // hash of the train subset: labels and pixels, in order
  std::vector<std::string> augment;       // subset of "flip", "crop"
};

// Shape and number of classes, without reading images where the catalogue or the specification knows them.
struct DataShape {
  std::vector<std::int64_t> input_shape;  // C, H, W
  std::int64_t classes = 0;
};
DataShape data_shape(const json::object& data_spec);

// `data_spec` is the specification's `data`. The last one is kept: the reference is good until the next call.
const Dataset& load_dataset(const json::object& data_spec, std::int64_t seed);

// Normalised float images [n, C, H, W] of the samples `indices` (int64 [n]), not augmented.
torch::Tensor batch_images(const Dataset& dataset, const Split& split, const torch::Tensor& indices);

// The same of the train split, augmented as the data set says; drawn from (seed, epoch, sample), not from the
// order.
torch::Tensor augmented_batch(const Dataset& dataset, const torch::Tensor& indices, std::int64_t seed,
                              std::int64_t epoch);

// 0 … count-1 in a random order that depends on `seed` and `stream` only (int64 [count]).
torch::Tensor shuffled_indices(std::int64_t count, std::int64_t seed, std::int64_t stream);

}  // namespace espalier::runner
