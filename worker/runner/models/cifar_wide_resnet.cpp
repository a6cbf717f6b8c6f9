#include <array>

#include "worker/runner/models/layers.hpp"

namespace espalier::runner {
namespace {

namespace nn = torch::nn;

struct WideVariant {
  std::string_view name;
  std::int64_t blocks;  // a stage; (layers - 4) / 6
  std::int64_t widening;
};

constexpr std::array kWideResNets = {WideVariant{"wrn_16_4", 2, 4}, WideVariant{"wrn_28_10", 4, 10},
                                     WideVariant{"wrn_40_2", 6, 2}};

// Norm and activation come first; a shortcut that has to change the shape starts behind them.
class PreActivationBlock : public nn::Module {
 public:
  PreActivationBlock(std::int64_t in, std::int64_t out, std::int64_t stride) {
    bn1_ = register_module("bn1", nn::BatchNorm2d(in));
    conv1_ = register_module("conv1", convolution_without_bias(in, out, 3, stride));
    bn2_ = register_module("bn2", nn::BatchNorm2d(out));
    conv2_ = register_module("conv2", convolution_without_bias(out, out, 3, 1));
    if (stride != 1 || in != out)
      shortcut_ = register_module("shortcut", convolution_without_bias(in, out, 1, stride));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    const auto active = torch::relu(bn1_(x));
    const auto y = conv2_(torch::relu(bn2_(conv1_(active))));
    return y + (shortcut_.is_empty() ? x : shortcut_(active));
  }

 private:
  nn::BatchNorm2d bn1_ = nullptr, bn2_ = nullptr;
  nn::Conv2d conv1_ = nullptr, conv2_ = nullptr, shortcut_ = nullptr;
};

class CifarWideResNet : public Net {
 public:
  CifarWideResNet(const WideVariant& variant, const NetShape& shape, const Scale& scale) {
    auto channels = scaled(16, scale.width);
    conv1_ = register_module("conv1", convolution_without_bias(shape.channels, channels, 3, 1));
    for (std::int64_t stage = 0; stage < 3; ++stage) {
      const auto out = scaled((16 << stage) * variant.widening, scale.width);
      auto layer = nn::Sequential();
      for (std::int64_t block = 0; block < scaled(variant.blocks, scale.depth); ++block) {
        layer->push_back(
            std::make_shared<PreActivationBlock>(channels, out, stage > 0 && block == 0 ? 2 : 1));
        channels = out;
      }
      layers_.push_back(register_module("layer" + std::to_string(stage + 1), layer));
    }
    bn1_ = register_module("bn1", nn::BatchNorm2d(channels));
    fc_ = register_module("fc", nn::Linear(channels, shape.classes));
    draw_convolutions(*this);
  }

  torch::Tensor forward(const torch::Tensor& images) override {
    auto x = conv1_(images);
    for (auto& layer : layers_) x = layer->forward(x);
    return fc_(torch::adaptive_avg_pool2d(torch::relu(bn1_(x)), {1, 1}).flatten(1));
  }

 private:
  nn::Conv2d conv1_ = nullptr;
  std::vector<nn::Sequential> layers_;
  nn::BatchNorm2d bn1_ = nullptr;
  nn::Linear fc_ = nullptr;
};

}  // namespace

std::shared_ptr<Net> make_cifar_wide_resnet(std::string_view name, const NetShape& shape,
                                            const Scale& scale) {
  return std::make_shared<CifarWideResNet>(variant_of(kWideResNets, name), shape, scale);
}

}  // namespace espalier::runner
