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

// How the values around a layer lie: with the channels innermost, as the layer is fastest with the
// conversions that it needs, or as oneDNN would have them (where its neighbours do the same, nothing is
// converted).
enum class LayerLayout { channels_last, fastest_alone, onednn };

struct FusedLayer {
  Layer layer;
  std::vector<std::int64_t> input_sizes;  // convolution: [N, C, H, W]; linear: […, in]
  bool adds = false;                      // a tensor of the output's shape, before the activation
  FusedActivation activation;
  std::int64_t bytes_of_net = 0;  // weights and values of all layers: what passes through the caches
  LayerLayout layout = LayerLayout::channels_last;
  // Whether the result may stay as the primitive made it: then its readers name this layer, and nothing else
  // may read it.
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
