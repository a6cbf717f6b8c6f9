#include <cmath>

#include "worker/runner/models/net.hpp"

namespace espalier::runner {
namespace {

namespace nn = torch::nn;

class EncoderBlock : public nn::Module {
 public:
  EncoderBlock(std::int64_t tokens, std::int64_t dim, std::int64_t heads)
      : tokens_(tokens), dim_(dim), heads_(heads) {
    norm1_ = register_module("norm1", nn::LayerNorm(nn::LayerNormOptions({dim})));
    qkv_ = register_module("qkv", nn::Linear(dim, 3 * dim));
    project_ = register_module("proj", nn::Linear(dim, dim));
    norm2_ = register_module("norm2", nn::LayerNorm(nn::LayerNormOptions({dim})));
    fc1_ = register_module("fc1", nn::Linear(dim, 4 * dim));
    fc2_ = register_module("fc2", nn::Linear(4 * dim, dim));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    auto y = x + attention(norm1_(x));
    return y + fc2_(torch::gelu(fc1_(norm2_(y))));
  }

 private:
  torch::Tensor attention(const torch::Tensor& x) {
    const auto head_dim = dim_ / heads_;
    // [N, T, 3D] -> q, k, v: [N, heads, T, head_dim]
    auto qkv = qkv_(x).view({-1, tokens_, 3, heads_, head_dim}).permute({2, 0, 3, 1, 4});
    auto scores = torch::matmul(qkv.select(0, 0), qkv.select(0, 1).transpose(-2, -1));
    auto weights = torch::softmax(scores * (1.0 / std::sqrt(static_cast<double>(head_dim))), -1);
    auto mixed = torch::matmul(weights, qkv.select(0, 2)).transpose(1, 2).reshape({-1, tokens_, dim_});
    return project_(mixed);
  }

  std::int64_t tokens_, dim_, heads_;
  nn::LayerNorm norm1_ = nullptr, norm2_ = nullptr;
  nn::Linear qkv_ = nullptr, project_ = nullptr, fc1_ = nullptr, fc2_ = nullptr;
};

class VisionTransformer : public Net {
 public:
  VisionTransformer(const NetShape& shape, std::int64_t dim, std::int64_t depth, std::int64_t heads,
                    std::int64_t patch) {
    const auto tokens = (shape.height / patch) * (shape.width / patch);
    embed_ = register_module("patch_embed",
                             nn::Conv2d(nn::Conv2dOptions(shape.channels, dim, patch).stride(patch)));
    position_ = register_parameter("pos_embed", torch::randn({1, tokens, dim}) * 0.02);
    auto list = register_module("blocks", nn::ModuleList());
    for (std::int64_t block = 0; block < depth; ++block) {
      blocks_.push_back(std::make_shared<EncoderBlock>(tokens, dim, heads));
      list->push_back(blocks_.back());
    }
    norm_ = register_module("norm", nn::LayerNorm(nn::LayerNormOptions({dim})));
    head_ = register_module("head", nn::Linear(dim, shape.classes));
    for (const auto& module : modules(false))
      if (auto* linear = module->as<nn::Linear>()) {
        nn::init::xavier_uniform_(linear->weight);
        nn::init::zeros_(linear->bias);
      }
  }

  torch::Tensor forward(const torch::Tensor& images) override {
    auto x = embed_(images).flatten(2).transpose(1, 2) + position_;
    for (const auto& block : blocks_) x = block->forward(x);
    return head_(norm_(x).mean(1));
  }

 private:
  nn::Conv2d embed_ = nullptr;
  torch::Tensor position_;
  std::vector<std::shared_ptr<EncoderBlock>> blocks_;  // also children of "blocks", which names them
  nn::LayerNorm norm_ = nullptr;
  nn::Linear head_ = nullptr;
};

}  // namespace

std::shared_ptr<Net> make_vit(const NetShape& shape, std::int64_t dim, std::int64_t depth, std::int64_t heads,
                              std::int64_t patch) {
  return std::make_shared<VisionTransformer>(shape, dim, depth, heads, patch);
}

}  // namespace espalier::runner
