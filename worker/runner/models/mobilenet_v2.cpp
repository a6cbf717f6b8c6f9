#include <algorithm>
#include <array>

#include "worker/runner/models/layers.hpp"

namespace espalier::runner {
namespace {

namespace nn = torch::nn;

struct MobileNetV2Stage {
  std::int64_t expansion, channels, blocks, stride;
};

constexpr std::array<MobileNetV2Stage, 7> kMobileNetV2Stages = {{{1, 16, 1, 1},
                                                                 {6, 24, 2, 2},
                                                                 {6, 32, 3, 2},
                                                                 {6, 64, 4, 2},
                                                                 {6, 96, 3, 1},
                                                                 {6, 160, 3, 2},
                                                                 {6, 320, 1, 1}}};
constexpr std::size_t kFirstHalvingStageOfV2 = 1;

// Expands, filters each channel, projects without an activation. Its parts are "conv.0" ….
class InvertedResidual : public nn::Module {
 public:
  InvertedResidual(std::int64_t in, std::int64_t out, std::int64_t stride, std::int64_t expansion)
      : adds_(stride == 1 && in == out) {
    const auto hidden = in * expansion;
    conv_ = register_module("conv", nn::Sequential());
    if (expansion != 1) conv_->push_back(std::make_shared<ConvNorm>(ConvSize{in, hidden}, Activation::relu6));
    conv_->push_back(
        std::make_shared<ConvNorm>(ConvSize{hidden, hidden, 3, stride, hidden}, Activation::relu6));
    conv_->push_back(nn::Conv2d(nn::Conv2dOptions(hidden, out, 1).bias(false)));
    conv_->push_back(nn::BatchNorm2d(out));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    const auto y = conv_->forward(x);
    return adds_ ? x + y : y;
  }

 private:
  bool adds_;
  nn::Sequential conv_ = nullptr;
};

}  // namespace

std::shared_ptr<Net> make_mobilenet_v2(std::string_view /*name*/, const NetShape& shape, const Scale& scale) {
  const std::int64_t early_stride = shape.is_small() ? 1 : 2;
  auto channels = scaled_to_eights(32, scale.width);
  const auto last = scaled_to_eights(1280, std::max(1.0, scale.width));
  auto features = nn::Sequential(
      std::make_shared<ConvNorm>(ConvSize{shape.channels, channels, 3, early_stride}, Activation::relu6));
  for (std::size_t number = 0; number < kMobileNetV2Stages.size(); ++number) {
    const auto& stage = kMobileNetV2Stages[number];
    const auto out = scaled_to_eights(stage.channels, scale.width);
    const auto first_stride = number == kFirstHalvingStageOfV2 ? early_stride : stage.stride;
    for (std::int64_t block = 0; block < scaled(stage.blocks, scale.depth); ++block) {
      features->push_back(
          std::make_shared<InvertedResidual>(channels, out, block == 0 ? first_stride : 1, stage.expansion));
      channels = out;
    }
  }
  features->push_back(std::make_shared<ConvNorm>(ConvSize{channels, last}, Activation::relu6));
  auto net = std::make_shared<FeatureNet>(features, 1,
                                          nn::Sequential(nn::Dropout(0.2), nn::Linear(last, shape.classes)));
  draw_convolutions(*net);
  draw_linears(*net, 0.01);
  return net;
}

}  // namespace espalier::runner
