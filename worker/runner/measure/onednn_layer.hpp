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
  // Whether another layout than channels-last may be used if that is faster with the conversions it needs,
  // and whether the result may stay in it: then its readers name this layer, and nothing else may read it.
  bool any_layout = false;
  bool keeps_layout = false;
  c10::IValue input_from, added_from;  // such layers, or none
};

// An object for these operators:
//   espalier::run_layer(Tensor x, OnednnLayer layer) -> Tensor
//   espalier::run_layer_add(Tensor x, Tensor added, OnednnLayer layer) -> Tensor
//   espalier::run_layer_add_(Tensor x, Tensor(a!) added, OnednnLayer layer) -> Tensor(a!)   in its memory
// Times what oneDNN offers, on as many threads as LibTorch has now. Throws dnnl::error for a layer that it
// has nothing for.
c10::IValue pack_layer(const FusedLayer& fused);

}  // namespace espalier::runner
