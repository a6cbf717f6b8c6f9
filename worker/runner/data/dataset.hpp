// Labelled samples in memory. Subsets, shuffles and augmentation are pure functions of a seed, with
// generators of our own, so that they are the same on every machine. Throws ErrorException for files that are
// missing or broken.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/json.hpp"

namespace espalier::runner {

enum class InputKind {
  images,  // bytes [C, H, W], normalised by us
  floats,  // of any shape, as they are: whoever saved them has scaled them
  ids,     // whole numbers of any shape (tokens), as they are
};

struct Split {
  torch::Tensor images;      // the inputs: uint8 [N, C, H, W], float [N, …] or int64 [N, …]; contiguous
  torch::Tensor labels;      // int64 [N]
  torch::Tensor normalised;  // float of `images`, normalised; undefined if it would take over 1 GiB
  [[nodiscard]] std::int64_t size() const { return labels.defined() ? labels.size(0) : 0; }
};

struct Dataset {
  Split train;
  Split validation;
  InputKind kind = InputKind::images;
  // Of images: float [1, C, 1, 1], in units of `images`; of the train subset, or as the job says.
  torch::Tensor mean;
  torch::Tensor deviation;
  std::int64_t classes = 0;
  std::vector<std::int64_t> input_shape;  // of one sample; of images C, H, W after `resize`
  std::string fingerprint;                // hash of the train subset: labels and inputs, in order
  std::vector<std::string> augment;       // subset of "flip", "crop"
};

// Shape and number of classes, without reading inputs where that can be avoided.
struct DataShape {
  std::vector<std::int64_t> input_shape;  // of one sample; of images C, H, W
  std::int64_t classes = 0;
  InputKind kind = InputKind::images;
  std::int64_t vocabulary = 0;  // of ids: the highest of them, plus 1
};
DataShape data_shape(const json::object& data_spec);

// `data_spec` is the specification's `data`. The last one is kept: the reference is good until the next call.
const Dataset& load_dataset(const json::object& data_spec, std::int64_t seed);

// The inputs [n, …] of the samples `indices` (int64 [n]), images normalised to float; not augmented.
torch::Tensor batch_images(const Dataset& dataset, const Split& split, const torch::Tensor& indices);

// The same of the train split, augmented as the data set says (so it has three dimensions and no ids); drawn
// from (seed, epoch, sample), not from the order. What a crop uncovers is black; 0 where inputs are floats.
torch::Tensor augmented_batch(const Dataset& dataset, const torch::Tensor& indices, std::int64_t seed,
                              std::int64_t epoch);

// 0 … count-1 in a random order that depends on `seed` and `stream` only (int64 [count]).
torch::Tensor shuffled_indices(std::int64_t count, std::int64_t seed, std::int64_t stream);

}  // namespace espalier::runner
