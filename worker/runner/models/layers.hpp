// What several families of the zoo are made of, with torchvision's names for the tensors.
#pragma once

#include <algorithm>
#include <functional>

#include "worker/runner/models/net.hpp"

namespace espalier::runner {

enum class Activation { none, relu, relu6, silu, hardswish, sigmoid, hardsigmoid };
torch::Tensor activated(const torch::Tensor& x, Activation activation);

struct ConvSize {
  std::int64_t in = 0, out = 0, kernel = 1, stride = 1, groups = 1;
};
// A square kernel, padded to keep the size at stride 1.
torch::nn::Conv2d convolution_without_bias(std::int64_t in, std::int64_t out, std::int64_t kernel,
                                           std::int64_t stride);
// Over the last dimension.
torch::nn::LayerNorm token_norm(std::int64_t dim, double eps);

struct NormSettings {
  double eps = 1e-5, momentum = 0.1;
};

// A sequence that can be a part of another one.
class Chain : public torch::nn::SequentialImpl {
 public:
  using torch::nn::SequentialImpl::SequentialImpl;
  torch::Tensor forward(const torch::Tensor& x) { return torch::nn::SequentialImpl::forward(x); }
};

// Convolution "0" without bias, padded to keep the size at stride 1, batch norm "1", activation.
class ConvNorm : public torch::nn::Module {
 public:
  ConvNorm(const ConvSize& size, Activation activation, const NormSettings& norm = {});
  torch::Tensor forward(const torch::Tensor& x);  // [N, C, H, W]

 private:
  Activation activation_;
  torch::nn::Conv2d conv_ = nullptr;
  torch::nn::BatchNorm2d norm_ = nullptr;
};

// Hu et al. 2018: every channel times a gate that sees the mean of all of them. Convolutions "fc1", "fc2".
class SqueezeExcitation : public torch::nn::Module {
 public:
  SqueezeExcitation(std::int64_t channels, std::int64_t squeezed, Activation activation, Activation gate);
  torch::Tensor forward(const torch::Tensor& x);  // [N, C, H, W]

 private:
  Activation activation_, gate_;
  torch::nn::Conv2d fc1_ = nullptr, fc2_ = nullptr;
};

// Expands ("block.0", if that changes anything), filters each channel, gates (if `squeezed` > 0), projects:
// what MobileNetV3 and EfficientNet are made of. Adds its input where the shapes allow it.
struct GatedBottleneck {
  std::int64_t in = 0, expanded = 0, out = 0, kernel = 3, stride = 1;
  std::int64_t squeezed = 0;
  Activation activation = Activation::relu, gated_by = Activation::relu, gate = Activation::sigmoid;
  NormSettings norm = {};
  double drop = 0.0;  // stochastic depth
};
class GatedBottleneckBlock : public torch::nn::Module {
 public:
  explicit GatedBottleneckBlock(const GatedBottleneck& settings);
  torch::Tensor forward(const torch::Tensor& x);  // [N, C, H, W]

 private:
  bool adds_;
  double drop_;
  torch::nn::Sequential block_ = nullptr;
};

// Linear "0", GELU, linear "3" over the last dimension.
class TokenMlp : public torch::nn::Module {
 public:
  TokenMlp(std::int64_t dim, std::int64_t hidden);
  torch::Tensor forward(const torch::Tensor& x);
  torch::nn::Linear first = nullptr, second = nullptr;
};

// softmax(q k^T / sqrt(head_dim)) v for every head: [B, tokens, 3 * dim], q, k and v beside each other, to
// [B, tokens, dim]. `with_bias`, if there is one, is given the scores [B, heads, tokens, tokens] before their
// softmax. In plain operators, so that both products are seen by whoever counts or rewrites them.
struct HeadSizes {
  std::int64_t tokens = 0, heads = 0, head_dim = 0;
};
torch::Tensor attention(const torch::Tensor& qkv, const HeadSizes& sizes,
                        const std::function<torch::Tensor(const torch::Tensor&)>& with_bias = {});

// "features", mean over a grid of `pooled_side`, "classifier".
class FeatureNet : public Net {
 public:
  FeatureNet(torch::nn::Sequential features, std::int64_t pooled_side, torch::nn::Sequential classifier);
  torch::Tensor forward(const torch::Tensor& images) override;

 private:
  torch::nn::Sequential features_, classifier_;
  std::int64_t pooled_side_;
};

// Huang et al. 2016: while training, a whole sample is dropped with this probability and the others are
// scaled up. As torchvision's mode "row": one draw a sample, of the same generator.
torch::Tensor stochastic_depth(const torch::Tensor& x, double probability, bool training);

// Name of a buffer that follows from the net's sizes, which no state dict of Python's holds.
inline constexpr const char* kDerivedMask = "attention_mask";

// The one of a family's variants that has this name.
template <class Variants>
const auto& variant_of(const Variants& variants, std::string_view name) {
  const auto found = std::find_if(variants.begin(), variants.end(),
                                  [&](const auto& variant) { return variant.name == name; });
  ESPALIER_ASSERT(found != variants.end());
  return *found;
}

// Normal with this deviation, nothing beyond +-2.
void truncated_normal_(const torch::Tensor& weight, double deviation);
// Of every convolution below `net`: He normal by what it feeds, bias 0.
void draw_convolutions(torch::nn::Module& net);
// Of every linear layer below `net`: normal, bias 0.
void draw_linears(torch::nn::Module& net, double deviation);
// Of every linear layer below `net`, and every convolution if asked: truncated normal with deviation 0.02,
// bias 0.
enum class AlsoConvolutions { no, yes };
void draw_truncated(torch::nn::Module& net, AlsoConvolutions also);

}  // namespace espalier::runner
