#include <array>
#include <cmath>

#include "worker/runner/models/layers.hpp"

namespace espalier::runner {
namespace {

namespace nn = torch::nn;

constexpr std::int64_t kViTHeadDim = 64;

struct ViTVariant {
  std::string_view name;
  std::int64_t patch, blocks, heads;
};
constexpr std::array kViTs = {ViTVariant{"vit_b_16", 16, 12, 12}};

// The tensors of Python's nn.MultiheadAttention.
class SelfAttention : public nn::Module {
 public:
  explicit SelfAttention(const HeadSizes& sizes) : sizes_(sizes) {
    const auto dim = sizes.heads * sizes.head_dim;
    weight_ = register_parameter("in_proj_weight", torch::empty({3 * dim, dim}));
    bias_ = register_parameter("in_proj_bias", torch::zeros({3 * dim}));
    project_ = register_module("out_proj", nn::Linear(dim, dim));
    nn::init::xavier_uniform_(weight_);
    nn::init::zeros_(project_->bias);
  }

  torch::Tensor forward(const torch::Tensor& x) {
    return project_(attention(torch::linear(x, weight_, bias_), sizes_));
  }

 private:
  HeadSizes sizes_;
  torch::Tensor weight_, bias_;
  nn::Linear project_ = nullptr;
};

class ViTBlock : public nn::Module {
 public:
  explicit ViTBlock(const HeadSizes& sizes) {
    const auto dim = sizes.heads * sizes.head_dim;
    norm1_ = register_module("ln_1", token_norm(dim, 1e-6));
    attention_ = register_module("self_attention", std::make_shared<SelfAttention>(sizes));
    norm2_ = register_module("ln_2", token_norm(dim, 1e-6));
    mlp_ = register_module("mlp", std::make_shared<TokenMlp>(dim, 4 * dim));
    for (auto& linear : {mlp_->first, mlp_->second}) {
      nn::init::xavier_uniform_(linear->weight);
      nn::init::normal_(linear->bias, 0, 1e-6);
    }
  }

  torch::Tensor forward(const torch::Tensor& tokens) {
    const auto x = attention_->forward(norm1_(tokens)) + tokens;
    return x + mlp_->forward(norm2_(x));
  }

 private:
  nn::LayerNorm norm1_ = nullptr, norm2_ = nullptr;
  std::shared_ptr<SelfAttention> attention_;  // LibTorch's modules are owned jointly with their parent's list
  std::shared_ptr<TokenMlp> mlp_;
};

class ClassTokenTransformer : public Net {
 public:
  ClassTokenTransformer(const ViTVariant& variant, const NetShape& shape, const Scale& scale) {
    const auto heads = scaled(variant.heads, scale.width), dim = heads * kViTHeadDim;
    const auto tokens = 1 + (shape.height / variant.patch) * (shape.width / variant.patch);
    embed_ = register_module(
        "conv_proj", nn::Conv2d(nn::Conv2dOptions(shape.channels, dim, variant.patch).stride(variant.patch)));
    class_token_ = register_parameter("class_token", torch::zeros({1, 1, dim}));
    auto encoder = register_module("encoder", std::make_shared<nn::Module>());
    position_ = encoder->register_parameter("pos_embedding", torch::randn({1, tokens, dim}) * 0.02);
    layers_ = encoder->register_module("layers", nn::Sequential());
    for (std::int64_t block = 0; block < scaled(variant.blocks, scale.depth); ++block)
      layers_->push_back("encoder_layer_" + std::to_string(block), ViTBlock({tokens, heads, kViTHeadDim}));
    norm_ = encoder->register_module("ln", token_norm(dim, 1e-6));
    auto head = register_module("heads", std::make_shared<nn::Module>());
    head_ = head->register_module("head", nn::Linear(dim, shape.classes));
    const auto patch_size = static_cast<double>(shape.channels * variant.patch * variant.patch);
    truncated_normal_(embed_->weight, std::sqrt(1.0 / patch_size));
    nn::init::zeros_(embed_->bias);
    nn::init::zeros_(head_->weight);
    nn::init::zeros_(head_->bias);
  }

  torch::Tensor forward(const torch::Tensor& images) override {
    const auto patches = embed_(images).flatten(2).transpose(1, 2);
    const auto first = class_token_.expand_as(patches.slice(1, 0, 1));
    const auto tokens = torch::cat({first, patches}, 1) + position_;
    return head_(norm_(layers_->forward(tokens)).select(1, 0));
  }

 private:
  nn::Conv2d embed_ = nullptr;
  torch::Tensor class_token_, position_;
  nn::Sequential layers_ = nullptr;
  nn::LayerNorm norm_ = nullptr;
  nn::Linear head_ = nullptr;
};

}  // namespace

std::shared_ptr<Net> make_vision_transformer(std::string_view name, const NetShape& shape,
                                             const Scale& scale) {
  return std::make_shared<ClassTokenTransformer>(variant_of(kViTs, name), shape, scale);
}

}  // namespace espalier::runner
