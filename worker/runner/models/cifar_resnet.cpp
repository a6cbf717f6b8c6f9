#include <charconv>
#include <limits>

#include "worker/runner/models/layers.hpp"

namespace espalier::runner {
namespace {

namespace nn = torch::nn;

class BasicBlock : public nn::Module {
 public:
  BasicBlock(std::int64_t in, std::int64_t out, std::int64_t stride) : stride_(stride), added_(out - in) {
    conv1_ = register_module("conv1", convolution_without_bias(in, out, 3, stride));
    bn1_ = register_module("bn1", nn::BatchNorm2d(out));
    conv2_ = register_module("conv2", convolution_without_bias(out, out, 3, 1));
    bn2_ = register_module("bn2", nn::BatchNorm2d(out));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    auto y = bn2_(conv2_(torch::relu(bn1_(conv1_(x)))));
    return torch::relu(y + shortcut(x));
  }

 private:
  // Option A: every other pixel, and zeros for the channels that are new.
  [[nodiscard]] torch::Tensor shortcut(const torch::Tensor& x) const {
    if (stride_ == 1 && added_ == 0) return x;
    constexpr auto kEnd = std::numeric_limits<std::int64_t>::max();
    auto y = x.slice(2, 0, kEnd, stride_).slice(3, 0, kEnd, stride_);
    return torch::constant_pad_nd(y, {0, 0, 0, 0, added_ / 2, added_ - added_ / 2});
  }

  std::int64_t stride_, added_;
  nn::Conv2d conv1_ = nullptr, conv2_ = nullptr;
  nn::BatchNorm2d bn1_ = nullptr, bn2_ = nullptr;
};

class CifarResNet : public Net {
 public:
  CifarResNet(const NetShape& shape, const Scale& scale, std::int64_t layers) {
    auto channels = scaled(16, scale.width);
    const auto blocks = scaled((layers - 2) / 6, scale.depth);
    conv1_ = register_module("conv1", convolution_without_bias(shape.channels, channels, 3, 1));
    bn1_ = register_module("bn1", nn::BatchNorm2d(channels));
    for (std::int64_t stage = 0; stage < 3; ++stage) {
      const auto out = scaled(16 << stage, scale.width);
      auto layer = register_module("layer" + std::to_string(stage + 1), nn::ModuleList());
      for (std::int64_t block = 0; block < blocks; ++block) {
        blocks_.push_back(std::make_shared<BasicBlock>(channels, out, stage > 0 && block == 0 ? 2 : 1));
        layer->push_back(blocks_.back());
        channels = out;
      }
    }
    fc_ = register_module("fc", nn::Linear(channels, shape.classes));
    draw_convolutions(*this);
  }

  torch::Tensor forward(const torch::Tensor& images) override {
    auto x = torch::relu(bn1_(conv1_(images)));
    for (const auto& block : blocks_) x = block->forward(x);
    return fc_(torch::adaptive_avg_pool2d(x, {1, 1}).flatten(1));
  }

 private:
  nn::Conv2d conv1_ = nullptr;
  nn::BatchNorm2d bn1_ = nullptr;
  std::vector<std::shared_ptr<BasicBlock>> blocks_;  // also children of layer1 … layer3, which name them
  nn::Linear fc_ = nullptr;
};

}  // namespace

std::shared_ptr<Net> make_cifar_resnet(std::string_view name, const NetShape& shape, const Scale& scale) {
  const auto number = name.substr(std::string_view("resnet").size());
  std::int64_t layers = 0;
  std::from_chars(number.data(), number.data() + number.size(), layers);
  ESPALIER_ASSERT(layers >= 8 && (layers - 2) % 6 == 0);
  return std::make_shared<CifarResNet>(shape, scale, layers);
}

}  // namespace espalier::runner
