// Which parameters of a trainable net can be pruned: weights and biases of its convolutions and linear
// layers, found by following the graph from the operator back to the attribute it reads, whatever the net.
#pragma once

#include <torch/script.h>

#include <string>
#include <vector>

namespace espalier::runner {

enum class LayerType { conv2d, linear };

struct PrunableParameter {
  std::string path;   // "layer1.0.conv1.weight"
  std::string layer;  // "layer1.0.conv1"
  std::string role;   // "weight" | "bias"
  LayerType type{};
  at::Tensor values;  // the module's own tensor
};

// In the order of the graph; a parameter that several layers share comes once.
std::vector<PrunableParameter> prunable_parameters(const torch::jit::Module& module);

}  // namespace espalier::runner
