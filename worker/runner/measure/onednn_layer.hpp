// A convolution or linear layer as one oneDNN primitive: its bias, an addition and its activation are done
// while the numbers are still in registers, and its weights lie as the implementation that was fastest here
// wants them. LibTorch's own packed convolution fuses a relu and nothing else.
#pragma once

#include <cstdint>
#include <vector>

#include "worker/runner/compress/frozen_graph.hpp"

namespace espalier::runner {

struct FusedActivation {
  enum class Kind { none, relu, clip, silu, hardswish, gelu, sigmoid };
  Kind kind = Kind::none;
  double low = 0, high = 0;  // of clip
};

struct FusedLayer {
  Layer layer;
  std::vector<std::int64_t> input_sizes;  // convolution: [N, C, H, W]; linear: […, in]
  bool adds = false;                      // a tensor of the output's shape, before the activation
  FusedActivation activation;
};

// An object for these operators; those of convolutions take and give values with the channels innermost:
//   espalier::run_layer(Tensor x, OnednnLayer layer) -> Tensor
//   espalier::run_layer_add(Tensor x, Tensor added, OnednnLayer layer) -> Tensor
//   espalier::run_layer_add_(Tensor x, Tensor(a!) added, OnednnLayer layer) -> Tensor(a!)   in its memory
// Tries oneDNN's implementations for a few milliseconds each, on as many threads as LibTorch has now. Throws
// dnnl::error for a layer that it has none for.
c10::IValue pack_layer(const FusedLayer& fused);

}  // namespace espalier::runner
