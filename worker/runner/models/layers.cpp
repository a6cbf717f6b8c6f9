#include "worker/runner/models/layers.hpp"

#include <cmath>

namespace espalier::runner {
namespace {

namespace nn = torch::nn;

nn::Conv2d pointwise_convolution(std::int64_t in, std::int64_t out) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, 1));
}

}  // namespace

torch::Tensor activated(const torch::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::none:
      return x;
    case Activation::relu:
      return torch::relu(x);
    case Activation::relu6:
      return torch::hardtanh(x, 0, 6);
    case Activation::silu:
      return torch::silu(x);
    case Activation::hardswish:
      return torch::hardswish(x);
    case Activation::sigmoid:
      return torch::sigmoid(x);
    case Activation::hardsigmoid:
      return torch::hardsigmoid(x);
  }
  ESPALIER_ASSERT(!"an activation");
  return x;
}

nn::Conv2d convolution_without_bias(std::int64_t in, std::int64_t out, std::int64_t kernel,
                                    std::int64_t stride) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, kernel).stride(stride).padding((kernel - 1) / 2).bias(false));
}

nn::LayerNorm token_norm(std::int64_t dim, double eps) {
  return nn::LayerNorm(nn::LayerNormOptions({dim}).eps(eps));
}

ConvNorm::ConvNorm(const ConvSize& size, Activation activation, const NormSettings& norm)
    : activation_(activation) {
  conv_ = register_module("0", nn::Conv2d(nn::Conv2dOptions(size.in, size.out, size.kernel)
                                              .stride(size.stride)
                                              .padding((size.kernel - 1) / 2)
                                              .groups(size.groups)
                                              .bias(false)));
  norm_ = register_module(
      "1", nn::BatchNorm2d(nn::BatchNorm2dOptions(size.out).eps(norm.eps).momentum(norm.momentum)));
}

torch::Tensor ConvNorm::forward(const torch::Tensor& x) {
  return activated(norm_(conv_(x)), activation_);
}

SqueezeExcitation::SqueezeExcitation(std::int64_t channels, std::int64_t squeezed, Activation activation,
                                     Activation gate)
    : activation_(activation), gate_(gate) {
  fc1_ = register_module("fc1", pointwise_convolution(channels, squeezed));
  fc2_ = register_module("fc2", pointwise_convolution(squeezed, channels));
}

torch::Tensor SqueezeExcitation::forward(const torch::Tensor& x) {
  const auto mean = torch::adaptive_avg_pool2d(x, {1, 1});
  return x * activated(fc2_(activated(fc1_(mean), activation_)), gate_);
}

GatedBottleneckBlock::GatedBottleneckBlock(const GatedBottleneck& settings)
    : adds_(settings.stride == 1 && settings.in == settings.out), drop_(settings.drop) {
  const auto hidden = settings.expanded;
  block_ = register_module("block", nn::Sequential());
  if (hidden != settings.in)
    block_->push_back(
        std::make_shared<ConvNorm>(ConvSize{settings.in, hidden}, settings.activation, settings.norm));
  block_->push_back(
      std::make_shared<ConvNorm>(ConvSize{hidden, hidden, settings.kernel, settings.stride, hidden},
                                 settings.activation, settings.norm));
  if (settings.squeezed > 0)
    block_->push_back(
        std::make_shared<SqueezeExcitation>(hidden, settings.squeezed, settings.gated_by, settings.gate));
  block_->push_back(
      std::make_shared<ConvNorm>(ConvSize{hidden, settings.out}, Activation::none, settings.norm));
}

torch::Tensor GatedBottleneckBlock::forward(const torch::Tensor& x) {
  const auto y = block_->forward(x);
  return adds_ ? stochastic_depth(y, drop_, is_training()) + x : y;
}

TokenMlp::TokenMlp(std::int64_t dim, std::int64_t hidden) {
  first = register_module("0", nn::Linear(dim, hidden));
  second = register_module("3", nn::Linear(hidden, dim));
}

torch::Tensor TokenMlp::forward(const torch::Tensor& x) {
  return second(torch::gelu(first(x)));
}

torch::Tensor attention(const torch::Tensor& qkv, const HeadSizes& sizes,
                        const std::function<torch::Tensor(const torch::Tensor&)>& with_bias) {
  // [B, T, 3D] -> [3, B, heads, T, head_dim]
  const auto split = qkv.view({-1, sizes.tokens, 3, sizes.heads, sizes.head_dim}).permute({2, 0, 3, 1, 4});
  const auto query = split.select(0, 0) * (1.0 / std::sqrt(static_cast<double>(sizes.head_dim)));
  auto scores = torch::matmul(query, split.select(0, 1).transpose(-2, -1));
  if (with_bias) scores = with_bias(scores);
  const auto mixed = torch::matmul(torch::softmax(scores, -1), split.select(0, 2));
  return mixed.transpose(1, 2).reshape({-1, sizes.tokens, sizes.heads * sizes.head_dim});
}

FeatureNet::FeatureNet(nn::Sequential features, std::int64_t pooled_side, nn::Sequential classifier)
    : features_(register_module("features", std::move(features))),
      classifier_(register_module("classifier", std::move(classifier))),
      pooled_side_(pooled_side) {}

torch::Tensor FeatureNet::forward(const torch::Tensor& images) {
  const auto x = torch::adaptive_avg_pool2d(features_->forward(images), {pooled_side_, pooled_side_});
  return classifier_->forward(x.flatten(1));
}

torch::Tensor stochastic_depth(const torch::Tensor& x, double probability, bool training) {
  if (probability == 0.0) return x;
  // Feature dropout draws once for each pair of the first two dimensions. Unlike a product with drawn factors
  // it costs nothing in evaluation, and freezing removes it.
  return torch::feature_dropout(x.unsqueeze(1), probability, training).squeeze(1);
}

void truncated_normal_(const torch::Tensor& weight, double deviation) {
  const torch::NoGradGuard no_grad;
  // By the inverse of the distribution's function, as torch.nn.init.trunc_normal_.
  const auto within = std::erf(2.0 / deviation / std::sqrt(2.0));
  weight.uniform_(-within, within).erfinv_().mul_(deviation * std::sqrt(2.0)).clamp_(-2.0, 2.0);
}

void draw_convolutions(nn::Module& net) {
  for (const auto& module : net.modules(false)) {
    auto* conv = module->as<nn::Conv2d>();
    if (conv == nullptr) continue;
    nn::init::kaiming_normal_(conv->weight, 0, torch::kFanOut, torch::kReLU);
    if (conv->bias.defined()) nn::init::zeros_(conv->bias);
  }
}

void draw_linears(nn::Module& net, double deviation) {
  for (const auto& module : net.modules(false)) {
    auto* linear = module->as<nn::Linear>();
    if (linear == nullptr) continue;
    nn::init::normal_(linear->weight, 0, deviation);
    if (linear->bias.defined()) nn::init::zeros_(linear->bias);
  }
}

void draw_truncated(nn::Module& net, AlsoConvolutions also) {
  const auto draw = [](const torch::Tensor& weight, const torch::Tensor& bias) {
    truncated_normal_(weight, 0.02);
    if (bias.defined()) nn::init::zeros_(bias);
  };
  for (const auto& module : net.modules(false)) {
    if (auto* linear = module->as<nn::Linear>()) draw(linear->weight, linear->bias);
    if (also == AlsoConvolutions::no) continue;
    if (auto* conv = module->as<nn::Conv2d>()) draw(conv->weight, conv->bias);
  }
}

}  // namespace espalier::runner
