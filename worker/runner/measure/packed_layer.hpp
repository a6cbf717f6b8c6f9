// The way in which a fused layer is fastest on this machine: oneDNN's direct sums in one of the layouts that
// it knows, or Winograd's. Only here and in its .cpp is oneDNN known.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <optional>

#include "worker/runner/measure/onednn_layer.hpp"
#include "worker/runner/measure/product_shape.hpp"
#include "worker/runner/winograd/convolution.hpp"

namespace espalier::runner {

class PackedLayer {
 public:
  // Times all ways of layers like this one once a process, on as many threads as LibTorch has now; the
  // fastest is taken for all of them. `input_from`, `added_from`: layers whose own layout is read, or
  // nullptr. Throws dnnl::error for a layer that oneDNN has nothing for.
  static PackedLayer fastest(const FusedLayer& fused, const PackedLayer* input_from,
                             const PackedLayer* added_from);

  // Into `output`. `added` may be the same memory, and is nullptr where nothing is added.
  void run(float* input, float* added, float* output) const;

  // Memory for `output`, in this layer's own layout.
  [[nodiscard]] at::Tensor memory_for_output() const;
  [[nodiscard]] bool output_lies_like_added() const { return added_ == wanted_; }

 private:
  // Direct in oneDNN's layout or in a given one, or, with a tile, Winograd's.
  struct Way {
    ProductShape shape;
    dnnl::memory::format_tag layout;
    int tile = 0;
    std::int64_t cache_bytes = 0;
  };

  static std::vector<Way> ways_of(const FusedLayer& fused);
  static std::optional<PackedLayer> packed(const FusedLayer& fused, const Way& way,
                                           const PackedLayer* input_from, const PackedLayer* added_from);
  void pack_direct(const FusedLayer& fused, const Way& way);
  void pack_winograd(const FusedLayer& fused, const Way& way);
  [[nodiscard]] double shortest_run_s(const FusedLayer& fused) const;
  void compute(float* source, float* result) const;

  dnnl::primitive primitive_;
  dnnl::memory weights_;
  std::shared_ptr<const WinogradConvolution> winograd_;
  WinogradEnd winograd_end_;
  at::Tensor bias_;
  bool adds_ = false;
  // `given`, `added` and `wanted` are the layouts outside of it, the others those of the computation; where
  // they differ the values are laid out anew.
  dnnl::memory::desc given_, added_, wanted_;
  dnnl::memory::desc source_, result_;
  std::size_t way_ = 0;  // of ways_of()
};

}  // namespace espalier::runner
