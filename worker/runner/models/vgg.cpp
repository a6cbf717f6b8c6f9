#include <array>

#include "worker/runner/models/layers.hpp"

namespace espalier::runner {
namespace {

namespace nn = torch::nn;

struct VggStage {
  std::int64_t channels, convolutions;
};
struct VggVariant {
  std::string_view name;
  std::array<VggStage, 5> stages;
};

constexpr std::array kVggs = {VggVariant{"vgg11_bn", {{{64, 1}, {128, 1}, {256, 2}, {512, 2}, {512, 2}}}}};

nn::Functional relu_layer() {
  return nn::Functional([](const torch::Tensor& x) { return torch::relu(x); });
}
nn::Functional halving_layer() {
  return nn::Functional([](const torch::Tensor& x) { return torch::max_pool2d(x, 2); });
}

}  // namespace

std::shared_ptr<Net> make_vgg(std::string_view name, const NetShape& shape, const Scale& scale) {
  constexpr std::int64_t kGrid = 7;  // the classifier sees this many cells a side, whatever the image's size
  auto channels = shape.channels;
  auto features = nn::Sequential();
  for (const auto& stage : variant_of(kVggs, name).stages) {
    const auto out = scaled(stage.channels, scale.width);
    for (std::int64_t layer = 0; layer < scaled(stage.convolutions, scale.depth); ++layer) {
      features->push_back(nn::Conv2d(nn::Conv2dOptions(channels, out, 3).padding(1)));
      features->push_back(nn::BatchNorm2d(out));
      features->push_back(relu_layer());
      channels = out;
    }
    features->push_back(halving_layer());
  }
  const auto hidden = scaled(4096, scale.width);
  auto classifier = nn::Sequential(nn::Linear(channels * kGrid * kGrid, hidden), relu_layer(),
                                   nn::Dropout(0.5), nn::Linear(hidden, hidden), relu_layer(),
                                   nn::Dropout(0.5), nn::Linear(hidden, shape.classes));
  auto net = std::make_shared<FeatureNet>(features, kGrid, classifier);
  draw_convolutions(*net);
  draw_linears(*net, 0.01);
  return net;
}

}  // namespace espalier::runner
