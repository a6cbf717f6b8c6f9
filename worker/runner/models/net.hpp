// The zoo's nets as torch::nn modules: what make_zoo_model traces. Sizes are checked before anything is
// built. A net that torchvision has too has its tensors' names and, at full scale, their shapes.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
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
  // Below 64 pixels, nets made for photographs leave out their first two halvings: no tensor changes its
  // shape.
  [[nodiscard]] bool is_small() const { return smallest_side() < 64; }
};

struct Scale {
  double width = 1.0;  // times the channels of every layer
  double depth = 1.0;  // times the blocks of every stage
};

// round(channels * factor), at least 1.
std::int64_t scaled(std::int64_t channels, double factor);
// `scaled`, to the nearest multiple of 8 that is not more than 10 % below (Sandler et al. 2018, their code).
std::int64_t scaled_to_eights(std::int64_t channels, double factor);

std::shared_ptr<Net> make_lenet5(const NetShape& shape, double width);
std::shared_ptr<Net> make_mlp(const NetShape& shape, double width, std::int64_t depth);
// Dosovitskiy et al. 2020, pre-norm; mean of the tokens in place of a class token (Beyer et al. 2022).
std::shared_ptr<Net> make_vit(const NetShape& shape, std::int64_t dim, std::int64_t depth, std::int64_t heads,
                              std::int64_t patch);

// One function a family; `name` is one of the catalogue's that belongs to it.
// resnet8 … resnet110: 6n + 2 layers (He et al. 2015, section 4.2), shortcuts of option A: no parameters.
std::shared_ptr<Net> make_cifar_resnet(std::string_view name, const NetShape& shape, const Scale& scale);
// wrn_L_k (Zagoruyko and Komodakis 2016): 6n + 4 = L layers, k times as wide as a CIFAR ResNet.
std::shared_ptr<Net> make_cifar_wide_resnet(std::string_view name, const NetShape& shape, const Scale& scale);
// He et al. 2015, section 4.1, strides in the 3x3 convolutions; wide_resnet50_2.
std::shared_ptr<Net> make_resnet(std::string_view name, const NetShape& shape, const Scale& scale);
// Simonyan and Zisserman 2014, with batch norm.
std::shared_ptr<Net> make_vgg(std::string_view name, const NetShape& shape, const Scale& scale);
// Sandler et al. 2018.
std::shared_ptr<Net> make_mobilenet_v2(std::string_view name, const NetShape& shape, const Scale& scale);
// Howard et al. 2019.
std::shared_ptr<Net> make_mobilenet_v3(std::string_view name, const NetShape& shape, const Scale& scale);
// Tan and Le 2019; `scale` comes on top of the factors that make a b1 of a b0.
std::shared_ptr<Net> make_efficientnet(std::string_view name, const NetShape& shape, const Scale& scale);
// Liu et al. 2022.
std::shared_ptr<Net> make_convnext(std::string_view name, const NetShape& shape, const Scale& scale);
// Liu et al. 2021. The width changes in steps of one head of 32 channels in the first stage.
std::shared_ptr<Net> make_swin(std::string_view name, const NetShape& shape, const Scale& scale);
// Dosovitskiy et al. 2020, with a class token. The width changes in steps of one head of 64 channels.
std::shared_ptr<Net> make_vision_transformer(std::string_view name, const NetShape& shape,
                                             const Scale& scale);

// The net a model section names, drawn from `seed`. Throws ErrorException for an unknown name or impossible
// sizes.
std::shared_ptr<Net> make_net(const json::object& model_spec, const NetShape& shape, std::int64_t seed);

}  // namespace espalier::runner
