#include "worker/runner/models/net.hpp"

namespace espalier::runner {
namespace {

namespace nn = torch::nn;

class LeNet5 : public Net {
 public:
  LeNet5(const NetShape& shape, double factor) {
    // LeCun et al. 1998 feed 28x28 digits as 32x32: padding stands in for it on smaller images.
    const std::int64_t padding = shape.smallest_side() < 32 ? 2 : 0;
    const auto side_after = [padding](std::int64_t side) { return ((side + 2 * padding - 4) / 2 - 4) / 2; };
    const auto first = scaled(6, factor), second = scaled(16, factor);
    const auto third = scaled(120, factor), fourth = scaled(84, factor);
    conv1_ =
        register_module("conv1", nn::Conv2d(nn::Conv2dOptions(shape.channels, first, 5).padding(padding)));
    conv2_ = register_module("conv2", nn::Conv2d(nn::Conv2dOptions(first, second, 5)));
    fc1_ = register_module("fc1",
                           nn::Linear(second * side_after(shape.height) * side_after(shape.width), third));
    fc2_ = register_module("fc2", nn::Linear(third, fourth));
    fc3_ = register_module("fc3", nn::Linear(fourth, shape.classes));
  }

  torch::Tensor forward(const torch::Tensor& images) override {
    auto x = torch::max_pool2d(torch::relu(conv1_(images)), 2);
    x = torch::max_pool2d(torch::relu(conv2_(x)), 2).flatten(1);
    return fc3_(torch::relu(fc2_(torch::relu(fc1_(x)))));
  }

 private:
  nn::Conv2d conv1_ = nullptr, conv2_ = nullptr;
  nn::Linear fc1_ = nullptr, fc2_ = nullptr, fc3_ = nullptr;
};

class Mlp : public Net {
 public:
  Mlp(const NetShape& shape, double factor, std::int64_t depth) {
    auto features = shape.channels * shape.height * shape.width;
    const auto hidden = scaled(256, factor);
    layers_ = register_module("layers", nn::ModuleList());
    for (std::int64_t layer = 0; layer < depth; ++layer) {
      layers_->push_back(nn::Linear(features, hidden));
      features = hidden;
    }
    fc_ = register_module("fc", nn::Linear(features, shape.classes));
  }

  torch::Tensor forward(const torch::Tensor& images) override {
    auto x = images.flatten(1);
    for (const auto& layer : *layers_) x = torch::relu(layer->as<nn::Linear>()->forward(x));
    return fc_(x);
  }

 private:
  nn::ModuleList layers_ = nullptr;
  nn::Linear fc_ = nullptr;
};

}  // namespace

std::shared_ptr<Net> make_lenet5(const NetShape& shape, double width) {
  return std::make_shared<LeNet5>(shape, width);
}

std::shared_ptr<Net> make_mlp(const NetShape& shape, double width, std::int64_t depth) {
  return std::make_shared<Mlp>(shape, width, depth);
}

}  // namespace espalier::runner
