#include <array>
#include <cmath>

#include "worker/runner/models/layers.hpp"

namespace espalier::runner {
namespace {

namespace nn = torch::nn;

struct EfficientNetStage {
  std::int64_t expansion, kernel, stride, channels, blocks;
};

constexpr std::array<EfficientNetStage, 7> kEfficientNetStages = {{{1, 3, 1, 16, 1},
                                                                   {6, 3, 2, 24, 2},
                                                                   {6, 5, 2, 40, 2},
                                                                   {6, 3, 2, 80, 3},
                                                                   {6, 5, 1, 112, 3},
                                                                   {6, 5, 2, 192, 4},
                                                                   {6, 3, 1, 320, 1}}};
constexpr std::size_t kFirstHalvingStageOfB0 = 1;
constexpr double kMostDroppedOfB0 = 0.2;  // of the samples, by the last block

struct EfficientNetVariant {
  std::string_view name;
  double width, depth, dropout;
  NormSettings norm;
};

constexpr NormSettings kUsualNorm;
constexpr std::array kEfficientNets = {
    EfficientNetVariant{"efficientnet_b0", 1.0, 1.0, 0.2, kUsualNorm},
    EfficientNetVariant{"efficientnet_b1", 1.0, 1.1, 0.2, kUsualNorm},
    EfficientNetVariant{"efficientnet_b2", 1.1, 1.2, 0.3, kUsualNorm},
    EfficientNetVariant{"efficientnet_b3", 1.2, 1.4, 0.3, kUsualNorm},
    EfficientNetVariant{"efficientnet_b4", 1.4, 1.8, 0.4, kUsualNorm},
    EfficientNetVariant{"efficientnet_b5", 1.6, 2.2, 0.4, {0.001, 0.01}},
};

// Compound scaling rounds up.
std::int64_t blocks_rounded_up(const EfficientNetStage& stage, double depth) {
  return static_cast<std::int64_t>(std::ceil(static_cast<double>(stage.blocks) * depth));
}

std::shared_ptr<GatedBottleneckBlock> make_inverted_bottleneck(const EfficientNetStage& stage,
                                                               std::int64_t in, std::int64_t out,
                                                               std::int64_t stride, const NormSettings& norm,
                                                               double drop) {
  GatedBottleneck settings{in, scaled_to_eights(in, static_cast<double>(stage.expansion)), out, stage.kernel,
                           stride};
  settings.squeezed = std::max<std::int64_t>(1, in / 4);
  settings.activation = settings.gated_by = Activation::silu;
  settings.norm = norm;
  settings.drop = drop;
  return std::make_shared<GatedBottleneckBlock>(settings);
}

}  // namespace

std::shared_ptr<Net> make_efficientnet(std::string_view name, const NetShape& shape, const Scale& scale) {
  const auto& variant = variant_of(kEfficientNets, name);
  const auto width = variant.width * scale.width, depth = variant.depth * scale.depth;
  const std::int64_t early_stride = shape.is_small() ? 1 : 2;
  std::int64_t blocks_in_all = 0, number_of_block = 0;
  for (const auto& stage : kEfficientNetStages) blocks_in_all += blocks_rounded_up(stage, depth);
  auto channels = scaled_to_eights(32, width);
  auto features = nn::Sequential(std::make_shared<ConvNorm>(
      ConvSize{shape.channels, channels, 3, early_stride}, Activation::silu, variant.norm));
  for (std::size_t number = 0; number < kEfficientNetStages.size(); ++number) {
    const auto& stage = kEfficientNetStages[number];
    const auto first_stride = number == kFirstHalvingStageOfB0 ? early_stride : stage.stride;
    const auto out = scaled_to_eights(stage.channels, width);
    auto blocks = std::make_shared<Chain>();
    for (std::int64_t block = 0; block < blocks_rounded_up(stage, depth); ++block) {
      const auto drop =
          kMostDroppedOfB0 * static_cast<double>(number_of_block++) / static_cast<double>(blocks_in_all);
      blocks->push_back(
          make_inverted_bottleneck(stage, channels, out, block == 0 ? first_stride : 1, variant.norm, drop));
      channels = out;
    }
    features->push_back(blocks);
  }
  features->push_back(
      std::make_shared<ConvNorm>(ConvSize{channels, 4 * channels}, Activation::silu, variant.norm));
  auto last = nn::Linear(4 * channels, shape.classes);
  auto net = std::make_shared<FeatureNet>(features, 1, nn::Sequential(nn::Dropout(variant.dropout), last));
  draw_convolutions(*net);
  const auto range = 1.0 / std::sqrt(static_cast<double>(shape.classes));
  nn::init::uniform_(last->weight, -range, range);
  nn::init::zeros_(last->bias);
  return net;
}

}  // namespace espalier::runner
