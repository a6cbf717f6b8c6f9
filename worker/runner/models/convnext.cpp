#include <array>

#include "worker/runner/models/layers.hpp"

namespace espalier::runner {
namespace {

namespace nn = torch::nn;

struct ConvNeXtStage {
  std::int64_t channels, blocks;
};
struct ConvNeXtVariant {
  std::string_view name;
  std::array<ConvNeXtStage, 4> stages;
  double most_dropped;
};

constexpr std::array kConvNeXts = {
    ConvNeXtVariant{"convnext_tiny", {{{96, 3}, {192, 3}, {384, 9}, {768, 3}}}, 0.1}};

torch::Tensor with_channels_last(const torch::Tensor& x) {
  return x.permute({0, 2, 3, 1});
}
torch::Tensor with_channels_first(const torch::Tensor& x) {
  return x.permute({0, 3, 1, 2});
}

// Normalises the channels of each pixel.
class PixelNorm : public nn::LayerNormImpl {
 public:
  explicit PixelNorm(std::int64_t channels) : nn::LayerNormImpl(nn::LayerNormOptions({channels}).eps(1e-6)) {}
  torch::Tensor forward(const torch::Tensor& x) {
    return with_channels_first(nn::LayerNormImpl::forward(with_channels_last(x)));
  }
};

class ConvNeXtBlock : public nn::Module {
 public:
  ConvNeXtBlock(std::int64_t channels, double drop) : drop_(drop) {
    auto block = register_module("block", std::make_shared<nn::Module>());
    filter_ = block->register_module(
        "0", nn::Conv2d(nn::Conv2dOptions(channels, channels, 7).padding(3).groups(channels)));
    norm_ = block->register_module("2", token_norm(channels, 1e-6));
    expand_ = block->register_module("3", nn::Linear(channels, 4 * channels));
    project_ = block->register_module("5", nn::Linear(4 * channels, channels));
    scale_ = register_parameter("layer_scale", torch::full({channels, 1, 1}, 1e-6));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    const auto hidden = torch::gelu(expand_(norm_(with_channels_last(filter_(x)))));
    return stochastic_depth(scale_ * with_channels_first(project_(hidden)), drop_, is_training()) + x;
  }

 private:
  double drop_;
  nn::Conv2d filter_ = nullptr;
  nn::LayerNorm norm_ = nullptr;
  nn::Linear expand_ = nullptr, project_ = nullptr;
  torch::Tensor scale_;
};

class ConvNeXt : public Net {
 public:
  ConvNeXt(const ConvNeXtVariant& variant, const NetShape& shape, const Scale& scale) {
    features_ = register_module("features", nn::Sequential());
    std::int64_t blocks_in_all = 0, number_of_block = 0;
    for (const auto& stage : variant.stages) blocks_in_all += scaled(stage.blocks, scale.depth);
    auto channels = scaled(variant.stages[0].channels, scale.width);
    features_->push_back(std::make_shared<Chain>(
        nn::Conv2d(nn::Conv2dOptions(shape.channels, channels, 4).stride(4)), PixelNorm(channels)));
    for (std::size_t number = 0; number < variant.stages.size(); ++number) {
      const auto& stage = variant.stages[number];
      const auto out = scaled(stage.channels, scale.width);
      if (number > 0)
        features_->push_back(std::make_shared<Chain>(
            PixelNorm(channels), nn::Conv2d(nn::Conv2dOptions(channels, out, 2).stride(2))));
      channels = out;
      auto blocks = std::make_shared<Chain>();
      for (std::int64_t block = 0; block < scaled(stage.blocks, scale.depth); ++block) {
        const auto rank = static_cast<double>(number_of_block++) /
                          static_cast<double>(std::max<std::int64_t>(1, blocks_in_all - 1));
        blocks->push_back(ConvNeXtBlock(channels, variant.most_dropped * rank));
      }
      features_->push_back(blocks);
    }
    auto classifier = register_module("classifier", std::make_shared<nn::Module>());
    norm_ = classifier->register_module("0", token_norm(channels, 1e-6));
    linear_ = classifier->register_module("2", nn::Linear(channels, shape.classes));
    draw_truncated(*this, AlsoConvolutions::yes);
  }

  torch::Tensor forward(const torch::Tensor& images) override {
    const auto x = torch::adaptive_avg_pool2d(features_->forward(images), {1, 1}).flatten(1);
    return linear_(norm_(x));
  }

 private:
  nn::Sequential features_ = nullptr;
  nn::LayerNorm norm_ = nullptr;
  nn::Linear linear_ = nullptr;
};

}  // namespace

std::shared_ptr<Net> make_convnext(std::string_view name, const NetShape& shape, const Scale& scale) {
  return std::make_shared<ConvNeXt>(variant_of(kConvNeXts, name), shape, scale);
}

}  // namespace espalier::runner
