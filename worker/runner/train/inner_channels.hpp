// How images lie while a net is trained. With their channels innermost oneDNN's convolutions and their
// gradients need no conversions.
#pragma once

#include <torch/torch.h>

#include "worker/runner/models/model.hpp"

namespace espalier::runner {

// While it lives, the weights of `model`'s convolutions lie with the channels innermost, and `laid_out` lays
// out images likewise: if the net takes them. What isn't made of convolutions over images, or has a view that
// demands the usual layout, stays as it is. A question of the net alone, not of time: the same net is always
// trained alike.
class InnerChannels {
 public:
  // `inputs`: a few, as the net is given them.
  InnerChannels(Model& model, const torch::Tensor& inputs);
  ~InnerChannels();
  InnerChannels(const InnerChannels&) = delete;
  InnerChannels& operator=(const InnerChannels&) = delete;

  [[nodiscard]] torch::Tensor laid_out(const torch::Tensor& inputs) const {
    return inputs.contiguous(layout_);
  }

 private:
  void lay_out(at::MemoryFormat layout);

  Model& model_;
  at::MemoryFormat layout_ = at::MemoryFormat::Contiguous;
};

}  // namespace espalier::runner
