#include <array>

#include "worker/runner/models/layers.hpp"

namespace espalier::runner {
namespace {

namespace nn = torch::nn;

constexpr std::int64_t kSwinHeadDim = 32;
constexpr std::int64_t kSwinPatch = 4;
constexpr std::int64_t kWindow = 7;
constexpr std::int64_t kWindowTokens = kWindow * kWindow;

struct SwinStage {
  std::int64_t blocks, heads;
};
struct SwinVariant {
  std::string_view name;
  std::array<SwinStage, 4> stages;
  double most_dropped;
};
constexpr std::array kSwins = {SwinVariant{"swin_t", {{{2, 3}, {2, 6}, {6, 12}, {2, 24}}}, 0.2}};

// A side of the grid of tokens, in windows; moved by half a window in every other block, unless one covers it
// all.
struct GridSide {
  GridSide(std::int64_t length_of_side, bool moves)
      : length(length_of_side),
        windows((length + kWindow - 1) / kWindow),
        shift(moves && windows > 1 ? kWindow / 2 : 0) {}
  [[nodiscard]] std::int64_t padded() const { return windows * kWindow; }

  // After the roll, the last windows hold tokens from both ends: which piece each token is of.
  [[nodiscard]] torch::Tensor pieces() const {
    auto piece = torch::zeros({padded()}, torch::kLong);
    if (shift == 0) return piece;
    piece.slice(0, padded() - kWindow, padded() - shift).fill_(1);
    piece.slice(0, padded() - shift, padded()).fill_(2);
    return piece;
  }

  std::int64_t length, windows, shift;
};

// [N, H, W, C] -> [N * windows, tokens of a window, C]
torch::Tensor into_windows(const torch::Tensor& x, const GridSide& high, const GridSide& wide) {
  const auto channels = x.size(3);
  return x.view({-1, high.windows, kWindow, wide.windows, kWindow, channels})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({-1, kWindowTokens, channels});
}
torch::Tensor from_windows(const torch::Tensor& x, const GridSide& high, const GridSide& wide) {
  const auto channels = x.size(2);
  return x.view({-1, high.windows, wide.windows, kWindow, kWindow, channels})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({-1, high.padded(), wide.padded(), channels});
}

// Which row of the table of biases a pair of tokens reads: by their distance down and across. [tokens *
// tokens]
torch::Tensor relative_positions() {
  const auto place = torch::arange(kWindowTokens);
  const auto row = torch::div(place, kWindow, "floor"), column = torch::remainder(place, kWindow);
  const auto distance = [](const torch::Tensor& at) {
    return at.unsqueeze(1) - at.unsqueeze(0) + (kWindow - 1);
  };
  return (distance(row) * (2 * kWindow - 1) + distance(column)).flatten();
}

// Multi-head attention within windows, with a learnt bias for each relative position.
class WindowAttention : public nn::Module {
 public:
  WindowAttention(const GridSide& high, const GridSide& wide, std::int64_t heads)
      : high_(high), wide_(wide), sizes_{kWindowTokens, heads, kSwinHeadDim} {
    const auto dim = heads * kSwinHeadDim;
    qkv_ = register_module("qkv", nn::Linear(dim, 3 * dim));
    project_ = register_module("proj", nn::Linear(dim, dim));
    constexpr auto kDistances = 2 * kWindow - 1;
    table_ =
        register_parameter("relative_position_bias_table", torch::empty({kDistances * kDistances, heads}));
    truncated_normal_(table_, 0.02);
    index_ = register_buffer("relative_position_index", relative_positions());
    if (high.shift > 0 || wide.shift > 0) mask_ = register_buffer(kDerivedMask, separating_mask());
  }

  torch::Tensor forward(const torch::Tensor& tokens) {  // [N, H, W, C]
    auto x = tokens;
    if (is_padded()) x = torch::constant_pad_nd(x, padding());
    if (is_shifted()) x = torch::roll(x, {-high_.shift, -wide_.shift}, {1, 2});
    const auto mixed = attention(qkv_(into_windows(x, high_, wide_)), sizes_,
                                 [this](const torch::Tensor& scores) { return with_bias(scores); });
    x = from_windows(project_(mixed), high_, wide_);
    if (is_shifted()) x = torch::roll(x, {high_.shift, wide_.shift}, {1, 2});
    if (is_padded()) x = x.slice(1, 0, high_.length).slice(2, 0, wide_.length).contiguous();
    return x;
  }

 private:
  [[nodiscard]] bool is_padded() const {
    return high_.padded() != high_.length || wide_.padded() != wide_.length;
  }
  [[nodiscard]] bool is_shifted() const { return high_.shift > 0 || wide_.shift > 0; }
  [[nodiscard]] std::vector<std::int64_t> padding() const {
    return {0, 0, 0, wide_.padded() - wide_.length, 0, high_.padded() - high_.length};
  }

  // [windows, 1, tokens, tokens]: far below 0 for a pair of tokens from different pieces of the image.
  [[nodiscard]] torch::Tensor separating_mask() const {
    const auto pieces = (high_.pieces().unsqueeze(1) * 3 + wide_.pieces().unsqueeze(0));
    const auto windows = into_windows(pieces.view({1, high_.padded(), wide_.padded(), 1}), high_, wide_);
    const auto differs = windows.view({-1, 1, kWindowTokens, 1}) != windows.view({-1, 1, 1, kWindowTokens});
    return differs.to(torch::kFloat) * -100.0;
  }

  torch::Tensor with_bias(const torch::Tensor& scores) {
    const auto heads = sizes_.heads;
    const auto bias =
        table_.index_select(0, index_).view({kWindowTokens, kWindowTokens, heads}).permute({2, 0, 1});
    const auto biased = scores + bias.unsqueeze(0);
    if (!mask_.defined()) return biased;
    return (biased.view({-1, high_.windows * wide_.windows, heads, kWindowTokens, kWindowTokens}) + mask_)
        .view({-1, heads, kWindowTokens, kWindowTokens});
  }

  GridSide high_, wide_;
  HeadSizes sizes_;
  nn::Linear qkv_ = nullptr, project_ = nullptr;
  torch::Tensor table_, index_, mask_;
};

class SwinBlock : public nn::Module {
 public:
  SwinBlock(const GridSide& high, const GridSide& wide, std::int64_t heads, double drop) : drop_(drop) {
    const auto dim = heads * kSwinHeadDim;
    norm1_ = register_module("norm1", token_norm(dim, 1e-5));
    attention_ = register_module("attn", std::make_shared<WindowAttention>(high, wide, heads));
    norm2_ = register_module("norm2", token_norm(dim, 1e-5));
    mlp_ = register_module("mlp", std::make_shared<TokenMlp>(dim, 4 * dim));
  }

  torch::Tensor forward(const torch::Tensor& tokens) {  // [N, H, W, C]
    const auto x = tokens + stochastic_depth(attention_->forward(norm1_(tokens)), drop_, is_training());
    return x + stochastic_depth(mlp_->forward(norm2_(x)), drop_, is_training());
  }

 private:
  double drop_;
  nn::LayerNorm norm1_ = nullptr, norm2_ = nullptr;
  std::shared_ptr<WindowAttention>
      attention_;  // LibTorch's modules are owned jointly with their parent's list
  std::shared_ptr<TokenMlp> mlp_;
};

// Every square of four tokens becomes one, of twice the channels; a missing row or column is zeros.
class PatchMerging : public nn::Module {
 public:
  PatchMerging(std::int64_t height, std::int64_t width, std::int64_t dim, std::int64_t out)
      : padding_{0, 0, 0, width % 2, 0, height % 2} {
    reduction_ = register_module("reduction", nn::Linear(nn::LinearOptions(4 * dim, out).bias(false)));
    norm_ = register_module("norm", token_norm(4 * dim, 1e-5));
  }

  torch::Tensor forward(const torch::Tensor& tokens) {  // [N, H, W, C] -> [N, ceil(H/2), ceil(W/2), out]
    auto x = tokens;
    if (padding_[3] + padding_[5] > 0) x = torch::constant_pad_nd(x, padding_);
    const auto corner = [&x](std::int64_t down, std::int64_t across) {
      return x.slice(1, down, c10::nullopt, 2).slice(2, across, c10::nullopt, 2);
    };
    return reduction_(norm_(torch::cat({corner(0, 0), corner(1, 0), corner(0, 1), corner(1, 1)}, -1)));
  }

 private:
  std::vector<std::int64_t> padding_;
  nn::Linear reduction_ = nullptr;
  nn::LayerNorm norm_ = nullptr;
};

class SwinTransformer : public Net {
 public:
  SwinTransformer(const SwinVariant& variant, const NetShape& shape, const Scale& scale) {
    const auto first_dim = scaled(variant.stages[0].heads, scale.width) * kSwinHeadDim;
    features_ = register_module("features", nn::Sequential());
    auto stem = std::make_shared<Chain>();
    stem->push_back("0",
                    nn::Conv2d(nn::Conv2dOptions(shape.channels, first_dim, kSwinPatch).stride(kSwinPatch)));
    stem->push_back("1", nn::Functional([](const torch::Tensor& x) { return x.permute({0, 2, 3, 1}); }));
    stem->push_back("2", token_norm(first_dim, 1e-5));
    features_->push_back(stem);
    add_stages(variant, shape, scale, first_dim);
    draw_truncated(*this, AlsoConvolutions::no);
  }

  torch::Tensor forward(const torch::Tensor& images) override {
    const auto x = norm_(features_->forward(images)).permute({0, 3, 1, 2});
    return head_(torch::adaptive_avg_pool2d(x, {1, 1}).flatten(1));
  }

 private:
  void add_stages(const SwinVariant& variant, const NetShape& shape, const Scale& scale, std::int64_t dim) {
    std::int64_t blocks_in_all = 0, number_of_block = 0;
    for (const auto& stage : variant.stages) blocks_in_all += scaled(stage.blocks, scale.depth);
    auto height = shape.height / kSwinPatch, width = shape.width / kSwinPatch;
    for (std::size_t number = 0; number < variant.stages.size(); ++number) {
      if (number > 0) {
        features_->push_back(PatchMerging(height, width, dim, 2 * dim));
        height = (height + 1) / 2;
        width = (width + 1) / 2;
        dim *= 2;
      }
      auto blocks = std::make_shared<Chain>();
      for (std::int64_t block = 0; block < scaled(variant.stages[number].blocks, scale.depth); ++block) {
        const bool moves = block % 2 == 1;
        const auto rank = static_cast<double>(number_of_block++) /
                          static_cast<double>(std::max<std::int64_t>(1, blocks_in_all - 1));
        blocks->push_back(
            SwinBlock({height, moves}, {width, moves}, dim / kSwinHeadDim, variant.most_dropped * rank));
      }
      features_->push_back(blocks);
    }
    norm_ = register_module("norm", token_norm(dim, 1e-5));
    head_ = register_module("head", nn::Linear(dim, shape.classes));
  }

  nn::Sequential features_ = nullptr;
  nn::LayerNorm norm_ = nullptr;
  nn::Linear head_ = nullptr;
};

}  // namespace

std::shared_ptr<Net> make_swin(std::string_view name, const NetShape& shape, const Scale& scale) {
  return std::make_shared<SwinTransformer>(variant_of(kSwins, name), shape, scale);
}

}  // namespace espalier::runner
