// The zoo's nets as torch::nn modules: what make_zoo_model traces. Sizes are checked before anything is
// built.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/base/json.hpp"

namespace espalier::runner {

// Everything in a forward pass has to be traceable for any batch size: no sizes read from dimension 0.
class Net : public torch::nn::Module {
 public:
  virtual torch::Tensor forward(const torch::Tensor& images) = 0;  // [N, C, H, W] -> [N, classes]
};

struct NetShape {
  std::int64_t channels = 1, height = 0, width = 0, classes = 0;
  [[nodiscard]] std::int64_t smallest_side() const { return height < width ? height : width; }
};

// round(channels * factor), at least 1.
std::int64_t scaled(std::int64_t channels, double factor);

std::shared_ptr<Net> make_lenet5(const NetShape& shape, double width);
std::shared_ptr<Net> make_mlp(const NetShape& shape, double width, std::int64_t depth);
// depth = 6n + 2 layers (He et al. 2015, section 4.2), shortcuts of option A: no parameters.
std::shared_ptr<Net> make_resnet(const NetShape& shape, double width, std::int64_t depth);
// Sandler et al. 2018, with torchvision's names and rounding. Below 64 pixels the first two strides are 1.
std::shared_ptr<Net> make_mobilenet_v2(const NetShape& shape, double width);
// Dosovitskiy et al. 2020, pre-norm; mean of the tokens in place of a class token (Beyer et al. 2022).
std::shared_ptr<Net> make_vit(const NetShape& shape, std::int64_t dim, std::int64_t depth, std::int64_t heads,
                              std::int64_t patch);

// The net a model section names, drawn from `seed`. Throws ErrorException for an unknown name or impossible
// sizes.
std::shared_ptr<Net> make_net(const json::object& model_spec, const NetShape& shape, std::int64_t seed);

}  // namespace espalier::runner
