#include <array>
#include <span>

#include "worker/runner/models/layers.hpp"

namespace espalier::runner {
namespace {

namespace nn = torch::nn;

constexpr NormSettings kMobileNetV3Norm{0.001, 0.01};
constexpr auto kEarly = Activation::relu, kLate = Activation::hardswish;

// A row of the paper's tables 1 and 2. Rows of one stage follow each other and have the same `out`.
struct MobileNetV3Row {
  std::int64_t kernel, expanded, out;
  bool gated;
  Activation activation;
  std::int64_t stride;
};

constexpr std::array<MobileNetV3Row, 15> kLargeRows = {{{3, 16, 16, false, kEarly, 1},
                                                        {3, 64, 24, false, kEarly, 2},
                                                        {3, 72, 24, false, kEarly, 1},
                                                        {5, 72, 40, true, kEarly, 2},
                                                        {5, 120, 40, true, kEarly, 1},
                                                        {5, 120, 40, true, kEarly, 1},
                                                        {3, 240, 80, false, kLate, 2},
                                                        {3, 200, 80, false, kLate, 1},
                                                        {3, 184, 80, false, kLate, 1},
                                                        {3, 184, 80, false, kLate, 1},
                                                        {3, 480, 112, true, kLate, 1},
                                                        {3, 672, 112, true, kLate, 1},
                                                        {5, 672, 160, true, kLate, 2},
                                                        {5, 960, 160, true, kLate, 1},
                                                        {5, 960, 160, true, kLate, 1}}};
constexpr std::array<MobileNetV3Row, 11> kSmallRows = {{{3, 16, 16, true, kEarly, 2},
                                                        {3, 72, 24, false, kEarly, 2},
                                                        {3, 88, 24, false, kEarly, 1},
                                                        {5, 96, 40, true, kLate, 2},
                                                        {5, 240, 40, true, kLate, 1},
                                                        {5, 240, 40, true, kLate, 1},
                                                        {5, 120, 48, true, kLate, 1},
                                                        {5, 144, 48, true, kLate, 1},
                                                        {5, 288, 96, true, kLate, 2},
                                                        {5, 576, 96, true, kLate, 1},
                                                        {5, 576, 96, true, kLate, 1}}};

struct MobileNetV3Variant {
  std::string_view name;
  std::span<const MobileNetV3Row> rows;
  std::int64_t hidden;  // of the classifier
};
constexpr std::array kMobileNetV3s = {MobileNetV3Variant{"mobilenet_v3_large", kLargeRows, 1280},
                                      MobileNetV3Variant{"mobilenet_v3_small", kSmallRows, 1024}};

// Fewer blocks of a stage are its first ones; more of them repeat its last one.
std::vector<MobileNetV3Row> deepened_rows(std::span<const MobileNetV3Row> rows, double depth) {
  std::vector<MobileNetV3Row> result;
  while (!rows.empty()) {
    std::size_t of_stage = 1;
    while (of_stage < rows.size() && rows[of_stage].out == rows[0].out) ++of_stage;
    const auto wanted = static_cast<std::size_t>(scaled(static_cast<std::int64_t>(of_stage), depth));
    for (std::size_t block = 0; block < wanted; ++block) {
      result.push_back(rows[std::min(block, of_stage - 1)]);
      if (block > 0) result.back().stride = 1;
    }
    rows = rows.subspan(of_stage);
  }
  return result;
}

std::shared_ptr<GatedBottleneckBlock> block_of_row(const MobileNetV3Row& row, std::int64_t in, double width) {
  GatedBottleneck settings{in, scaled_to_eights(row.expanded, width), scaled_to_eights(row.out, width),
                           row.kernel, row.stride};
  if (row.gated) settings.squeezed = scaled_to_eights(settings.expanded / 4, 1.0);
  settings.activation = row.activation;
  settings.gate = Activation::hardsigmoid;
  settings.norm = kMobileNetV3Norm;
  return std::make_shared<GatedBottleneckBlock>(settings);
}

}  // namespace

std::shared_ptr<Net> make_mobilenet_v3(std::string_view name, const NetShape& shape, const Scale& scale) {
  const auto& variant = variant_of(kMobileNetV3s, name);
  auto channels = scaled_to_eights(16, scale.width);
  auto features = nn::Sequential(std::make_shared<ConvNorm>(
      ConvSize{shape.channels, channels, 3, shape.is_small() ? 1 : 2}, kLate, kMobileNetV3Norm));
  bool keeps_size = shape.is_small();
  for (auto row : deepened_rows(variant.rows, scale.depth)) {
    if (keeps_size && row.stride == 2) {
      row.stride = 1;
      keeps_size = false;
    }
    features->push_back(block_of_row(row, channels, scale.width));
    channels = scaled_to_eights(row.out, scale.width);
  }
  features->push_back(std::make_shared<ConvNorm>(ConvSize{channels, 6 * channels}, kLate, kMobileNetV3Norm));
  const auto hidden = scaled_to_eights(variant.hidden, scale.width);
  const auto hardswish = nn::Functional([](const torch::Tensor& x) { return torch::hardswish(x); });
  auto net =
      std::make_shared<FeatureNet>(features, 1,
                                   nn::Sequential(nn::Linear(6 * channels, hidden), hardswish,
                                                  nn::Dropout(0.2), nn::Linear(hidden, shape.classes)));
  draw_convolutions(*net);
  draw_linears(*net, 0.01);
  return net;
}

}  // namespace espalier::runner
