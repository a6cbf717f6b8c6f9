#include <array>

#include "worker/runner/models/layers.hpp"

namespace espalier::runner {
namespace {

namespace nn = torch::nn;

struct ResNetVariant {
  std::string_view name;
  std::array<std::int64_t, 4> blocks;
  bool has_bottlenecks;
  std::int64_t inner_width;  // of a bottleneck's 3x3 convolution_without_bias, over a ResNet's
};

constexpr std::array kResNets = {
    ResNetVariant{"resnet18", {2, 2, 2, 2}, false, 1},
    ResNetVariant{"resnet34", {3, 4, 6, 3}, false, 1},
    ResNetVariant{"resnet50", {3, 4, 6, 3}, true, 1},
    ResNetVariant{"resnet101", {3, 4, 23, 3}, true, 1},
    ResNetVariant{"wide_resnet50_2", {3, 4, 6, 3}, true, 2},
};

// "conv1", "bn1", "conv2", "bn2" …, with relu between them and after the shortcut is added.
class ResidualBlock : public nn::Module {
 public:
  ResidualBlock(const std::vector<ConvSize>& sizes, std::int64_t stride) {
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const auto number = std::to_string(i + 1);
      const auto& size = sizes[i];
      convs_.push_back(register_module(
          "conv" + number, convolution_without_bias(size.in, size.out, size.kernel, size.stride)));
      norms_.push_back(register_module("bn" + number, nn::BatchNorm2d(size.out)));
    }
    const auto in = sizes.front().in, out = sizes.back().out;
    if (stride == 1 && in == out) return;
    downsample_ = register_module("downsample",
                                  std::make_shared<ConvNorm>(ConvSize{in, out, 1, stride}, Activation::none));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    auto y = x;
    for (std::size_t i = 0; i < convs_.size(); ++i) {
      y = norms_[i](convs_[i](y));
      if (i + 1 < convs_.size()) y = torch::relu(y);
    }
    return torch::relu(y + (downsample_ ? downsample_->forward(x) : x));
  }

 private:
  std::vector<nn::Conv2d> convs_;
  std::vector<nn::BatchNorm2d> norms_;
  std::shared_ptr<ConvNorm> downsample_;  // LibTorch's modules are owned jointly with their parent's list
};

class ResNet : public Net {
 public:
  ResNet(const ResNetVariant& variant, const NetShape& shape, const Scale& scale)
      : is_small_(shape.is_small()) {
    auto channels = scaled(64, scale.width);
    conv1_ =
        register_module("conv1", convolution_without_bias(shape.channels, channels, 7, is_small_ ? 1 : 2));
    bn1_ = register_module("bn1", nn::BatchNorm2d(channels));
    for (std::size_t stage = 0; stage < variant.blocks.size(); ++stage) {
      const auto planes = scaled(std::int64_t{64} << stage, scale.width);
      auto layer = nn::Sequential();
      for (std::int64_t block = 0; block < scaled(variant.blocks[stage], scale.depth); ++block) {
        const std::int64_t stride = stage > 0 && block == 0 ? 2 : 1;
        const auto sizes = variant.has_bottlenecks
                               ? bottleneck(channels, planes, variant.inner_width * planes, stride)
                               : basic(channels, planes, stride);
        layer->push_back(std::make_shared<ResidualBlock>(sizes, stride));
        channels = sizes.back().out;
      }
      layers_.push_back(register_module("layer" + std::to_string(stage + 1), layer));
    }
    fc_ = register_module("fc", nn::Linear(channels, shape.classes));
    draw_convolutions(*this);
  }

  torch::Tensor forward(const torch::Tensor& images) override {
    auto x = torch::relu(bn1_(conv1_(images)));
    if (!is_small_) x = torch::max_pool2d(x, 3, 2, 1);
    for (auto& layer : layers_) x = layer->forward(x);
    return fc_(torch::adaptive_avg_pool2d(x, {1, 1}).flatten(1));
  }

 private:
  static std::vector<ConvSize> basic(std::int64_t in, std::int64_t planes, std::int64_t stride) {
    return {{in, planes, 3, stride}, {planes, planes, 3}};
  }
  static std::vector<ConvSize> bottleneck(std::int64_t in, std::int64_t planes, std::int64_t inner,
                                          std::int64_t stride) {
    return {{in, inner}, {inner, inner, 3, stride}, {inner, 4 * planes}};
  }

  bool is_small_;
  nn::Conv2d conv1_ = nullptr;
  nn::BatchNorm2d bn1_ = nullptr;
  std::vector<nn::Sequential> layers_;
  nn::Linear fc_ = nullptr;
};

}  // namespace

std::shared_ptr<Net> make_resnet(std::string_view name, const NetShape& shape, const Scale& scale) {
  return std::make_shared<ResNet>(variant_of(kResNets, name), shape, scale);
}

}  // namespace espalier::runner
