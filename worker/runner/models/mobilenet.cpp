#include <algorithm>
#include <array>

#include "worker/runner/models/net.hpp"

namespace espalier::runner {
namespace {

namespace nn = torch::nn;

// To the nearest multiple of 8, but never more than 10 % down (torchvision's _make_divisible).
std::int64_t make_divisible(double channels) {
  const auto nearest = std::max<std::int64_t>(8, static_cast<std::int64_t>(channels + 4.0) / 8 * 8);
  return static_cast<double>(nearest) < 0.9 * channels ? nearest + 8 : nearest;
}

// Convolution "0", batch norm "1", ReLU6: torchvision's Conv2dNormActivation, by its names.
class ConvNormRelu6 : public nn::Module {
 public:
  ConvNormRelu6(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                std::int64_t groups) {
    conv_ = register_module("0", nn::Conv2d(nn::Conv2dOptions(in, out, kernel)
                                                .stride(stride)
                                                .padding((kernel - 1) / 2)
                                                .groups(groups)
                                                .bias(false)));
    norm_ = register_module("1", nn::BatchNorm2d(out));
  }

  torch::Tensor forward(const torch::Tensor& x) { return torch::hardtanh(norm_(conv_(x)), 0, 6); }

 private:
  nn::Conv2d conv_ = nullptr;
  nn::BatchNorm2d norm_ = nullptr;
};

class InvertedResidual : public nn::Module {
 public:
  InvertedResidual(std::int64_t in, std::int64_t out, std::int64_t stride, std::int64_t expansion)
      : adds_(stride == 1 && in == out) {
    const auto hidden = in * expansion;
    auto parts = register_module("conv", nn::ModuleList());
    if (expansion != 1) {
      steps_.push_back(std::make_shared<ConvNormRelu6>(in, hidden, 1, 1, 1));
      parts->push_back(steps_.back());
    }
    steps_.push_back(std::make_shared<ConvNormRelu6>(hidden, hidden, 3, stride, hidden));
    parts->push_back(steps_.back());
    project_ = nn::Conv2d(nn::Conv2dOptions(hidden, out, 1).bias(false));
    norm_ = nn::BatchNorm2d(out);
    parts->push_back(project_);
    parts->push_back(norm_);
  }

  torch::Tensor forward(const torch::Tensor& x) {
    auto y = x;
    for (const auto& step : steps_) y = step->forward(y);
    y = norm_(project_(y));
    return adds_ ? x + y : y;
  }

 private:
  bool adds_;
  std::vector<std::shared_ptr<ConvNormRelu6>> steps_;  // also children of "conv", which names them
  nn::Conv2d project_ = nullptr;
  nn::BatchNorm2d norm_ = nullptr;
};

class MobileNetV2 : public Net {
 public:
  MobileNetV2(const NetShape& shape, double factor) {
    struct Stage {
      std::int64_t expansion, channels, blocks, stride;
    };
    const std::int64_t early_stride = shape.smallest_side() < 64 ? 1 : 2;
    const std::array<Stage, 7> stages = {{{1, 16, 1, 1},
                                          {6, 24, 2, early_stride},
                                          {6, 32, 3, 2},
                                          {6, 64, 4, 2},
                                          {6, 96, 3, 1},
                                          {6, 160, 3, 2},
                                          {6, 320, 1, 1}}};
    auto features = register_module("features", nn::ModuleList());
    auto channels = make_divisible(32 * factor);
    const auto last = make_divisible(1280 * std::max(1.0, factor));
    stem_ = std::make_shared<ConvNormRelu6>(shape.channels, channels, 3, early_stride, 1);
    features->push_back(stem_);
    for (const auto& stage : stages) {
      const auto out = make_divisible(static_cast<double>(stage.channels) * factor);
      for (std::int64_t block = 0; block < stage.blocks; ++block) {
        blocks_.push_back(std::make_shared<InvertedResidual>(channels, out, block == 0 ? stage.stride : 1,
                                                             stage.expansion));
        features->push_back(blocks_.back());
        channels = out;
      }
    }
    head_ = std::make_shared<ConvNormRelu6>(channels, last, 1, 1, 1);
    features->push_back(head_);
    auto classifier = register_module("classifier", nn::ModuleList());
    dropout_ = nn::Dropout(0.2);
    linear_ = nn::Linear(last, shape.classes);
    classifier->push_back(dropout_);
    classifier->push_back(linear_);
    initialise();
  }

  torch::Tensor forward(const torch::Tensor& images) override {
    auto x = stem_->forward(images);
    for (const auto& block : blocks_) x = block->forward(x);
    x = torch::adaptive_avg_pool2d(head_->forward(x), {1, 1}).flatten(1);
    return linear_(dropout_(x));
  }

 private:
  void initialise() {
    for (const auto& module : modules(false))
      if (auto* conv = module->as<nn::Conv2d>()) nn::init::kaiming_normal_(conv->weight, 0, torch::kFanOut);
    nn::init::normal_(linear_->weight, 0, 0.01);
    nn::init::zeros_(linear_->bias);
  }

  std::shared_ptr<ConvNormRelu6> stem_, head_;
  std::vector<std::shared_ptr<InvertedResidual>> blocks_;  // also children of "features", which names them
  nn::Dropout dropout_ = nullptr;
  nn::Linear linear_ = nullptr;
};

}  // namespace

std::shared_ptr<Net> make_mobilenet_v2(const NetShape& shape, double width) {
  return std::make_shared<MobileNetV2>(shape, width);
}

}  // namespace espalier::runner
