// The one form a network has in every stage: a flat TorchScript module whose batch norms and dropouts follow
// its `training` attribute, so that one and the same object can be trained, pruned, quantized, measured and
// saved. Everything here throws ErrorException for what the user can mend (a broken file, a model that
// doesn't fit the data).
#pragma once

#include <torch/script.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/base/json.hpp"

namespace espalier::runner {

// What a model file says about itself, in its extra file `espalier.json`.
struct ModelInfo {
  std::vector<std::int64_t> input_shape;  // of one sample; of images C, H, W
  std::int64_t classes = 0;
  std::string name;            // "lenet5"; a user's file: its name there, or "file"
  std::string origin = "zoo";  // "zoo" | "file"
  std::string form = "fp32";   // "fp32" | "int8"
  std::string engine;  // int8: the quantized engine whose packed weights it holds ("onednn"); else empty
  std::int64_t vocabulary = 0;  // its inputs are token ids below this; 0: floats
};

struct Model {
  torch::jit::Module module;  // forward: [N, …input_shape] -> float [N, classes], not softmaxed
  ModelInfo info;
};

json::object to_json(const ModelInfo& info);
ModelInfo model_info_from(const json::object& object);

// A file that save_model wrote. An int8 model selects its quantized engine first (select_quantized_engine).
Model load_model(const std::filesystem::path& path);

// Written beside `path` and renamed over it.
void save_model(const Model& model, const std::filesystem::path& path);

// A net of the zoo (common/job/catalogue.hpp): {"name": "lenet5", "width": 1.0, …}. Its weights are a pure
// function of (model_spec, input_shape, classes, seed), or those of the state dict in the file `weights`
// (state_dict.hpp).
Model make_zoo_model(const json::object& model_spec, const std::vector<std::int64_t>& input_shape,
                     std::int64_t classes, std::int64_t seed, const std::filesystem::path& weights = {});

// A TorchScript file of the user's; `model_spec`: {"file": hash, "init": "weights" | "random", "input_shape":
// [C, H, W], "vocabulary": of a net that takes token ids}. `seed` matters only for "random", which redraws
// every parameter.
Model open_user_model(const std::filesystem::path& path, const json::object& model_spec, std::int64_t seed);

// Each once, in the module's order, however many of its layers share it.
std::vector<torch::Tensor> parameters_of(const torch::jit::Module& module);

// Those that a training changes: what a file froze stays as it is, unless it froze everything, as exports do.
std::vector<torch::Tensor> trainable_parameters_of(const torch::jit::Module& module);

// Total number of elements of all parameters (buffers are not parameters).
std::int64_t count_parameters(const Model& model);

}  // namespace espalier::runner
