#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <tuple>

#include "worker/runner/winograd/convolution.hpp"
#include "worker/runner/winograd/weight_gradient.hpp"

namespace espalier::runner {
namespace {

WinogradShape shape_of(std::int64_t images, std::int64_t height, std::int64_t width) {
  return {images, 32, height, width, 64, 1, 1};
}

struct Operands {
  at::Tensor input, weights, bias, result;  // images: channels innermost
};

Operands operands_for(const WinogradShape& shape) {
  at::manual_seed(7);
  return {
      at::randn({shape.images, shape.height, shape.width, shape.channels}),
      at::randn({shape.filters, shape.channels, 3, 3}) / std::sqrt(9.0 * static_cast<double>(shape.channels)),
      at::randn({shape.filters}),
      at::randn({shape.images, shape.out_height(), shape.out_width(), shape.filters})};
}

at::Tensor packable(const at::Tensor& weights) {
  return weights.permute({1, 2, 3, 0}).contiguous();
}

// In double precision, one product after the other.
at::Tensor direct(const WinogradShape& shape, const WinogradEnd& end, const Operands& given) {
  auto sums = at::conv2d(given.input.permute({0, 3, 1, 2}).to(at::kDouble), given.weights.to(at::kDouble),
                         given.bias.to(at::kDouble), {1, 1}, {shape.pad_y, shape.pad_x})
                  .permute({0, 2, 3, 1});
  if (end.adds) sums = sums + given.result;
  return sums.clamp(end.low, end.high);
}

void expect_the_direct_sums(const WinogradShape& shape, const WinogradEnd& end, int tile,
                            std::int64_t cache_bytes) {
  const auto given = operands_for(shape);
  const auto expected = direct(shape, end, given);
  const auto lengths = winograd_lanes_for(shape);
  ASSERT_FALSE(lengths.empty());
  for (const auto lanes : lengths) {
    const auto result = given.result.clone();
    const WinogradConvolution convolution(shape, packable(given.weights).data_ptr<float>(), lanes, tile,
                                          cache_bytes);
    convolution.run(given.input.data_ptr<float>(), given.bias.data_ptr<float>(), end,
                    result.data_ptr<float>());
    EXPECT_LE((result - expected).abs().max().item<double>(), 6e-5) << lanes << " lanes";
  }
}

class Winograd : public testing::TestWithParam<std::tuple<int, int>> {
 protected:
  [[nodiscard]] static int tile() { return std::get<0>(GetParam()); }
  void SetUp() override { at::set_num_threads(std::get<1>(GetParam())); }
  void TearDown() override { at::set_num_threads(1); }
};

TEST_P(Winograd, tiles_that_reach_over_the_edge_are_cut) {
  for (const auto& [height, width] : {std::pair{3, 3}, {4, 8}, {5, 6}, {7, 7}, {10, 13}, {1, 9}})
    expect_the_direct_sums(shape_of(2, height, width), {}, tile(), 1 << 20);
}

TEST_P(Winograd, any_padding_will_do) {
  for (const auto& [pad_y, pad_x] : {std::pair{0, 0}, {0, 1}, {1, 0}, {2, 2}, {3, 1}}) {
    auto shape = shape_of(1, 6, 9);
    shape.pad_y = pad_y;
    shape.pad_x = pad_x;
    expect_the_direct_sums(shape, {}, tile(), 1 << 20);
  }
}

TEST_P(Winograd, many_parts_give_the_numbers_of_one) {
  for (const std::int64_t cache_bytes : {1, 100'000, 1 << 30})
    expect_the_direct_sums(shape_of(3, 17, 11), {}, tile(), cache_bytes);
}

TEST_P(Winograd, adds_to_the_result_before_it_is_clipped) {
  expect_the_direct_sums(shape_of(2, 9, 9), {.adds = true}, tile(), 1 << 20);
  expect_the_direct_sums(shape_of(2, 9, 9), {.adds = true, .low = 0}, tile(), 1 << 20);
  expect_the_direct_sums(shape_of(2, 9, 9), {.adds = false, .low = 0, .high = 0.5}, tile(), 1 << 20);
}

// The gradient that LibTorch finds in double precision.
at::Tensor direct_weight_gradient(const WinogradShape& shape, const Operands& given) {
  auto weights = given.weights.to(at::kDouble).set_requires_grad(true);
  at::conv2d(given.input.permute({0, 3, 1, 2}).to(at::kDouble), weights, {}, {1, 1},
             {shape.pad_y, shape.pad_x})
      .backward(given.result.permute({0, 3, 1, 2}).to(at::kDouble));
  return weights.grad();
}

class WinogradGradient : public testing::TestWithParam<int> {
 protected:
  void SetUp() override { at::set_num_threads(GetParam()); }
  void TearDown() override { at::set_num_threads(1); }
};

TEST_P(WinogradGradient, of_the_weights_is_the_direct_sums) {
  for (const auto& [height, width, pad] :
       {std::tuple{3, 3, 1}, {4, 8, 1}, {7, 7, 1}, {10, 13, 0}, {6, 5, 2}, {17, 9, 1}}) {
    auto shape = shape_of(3, height, width);
    shape.pad_y = shape.pad_x = pad;
    const auto given = operands_for(shape);
    const auto expected = direct_weight_gradient(shape, given);
    for (const auto lanes : winograd_lanes_for(shape)) {
      for (const std::int64_t cache_bytes : {1, 100'000, 1 << 30}) {
        const auto result = at::full({shape.channels, 3, 3, shape.filters}, 7.0F);
        winograd_weight_gradient(shape, given.input.data_ptr<float>(), given.result.data_ptr<float>(), lanes,
                                 cache_bytes, result.data_ptr<float>());
        const auto off = (result.permute({3, 0, 1, 2}) - expected).abs().max().item<double>();
        EXPECT_LE(off, 2e-5 * expected.abs().max().item<double>()) << lanes << " lanes, " << height;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, WinogradGradient, testing::Values(1, 2));

INSTANTIATE_TEST_SUITE_P(TilesAndThreads, Winograd,
                         testing::Combine(testing::Values(2, 4), testing::Values(1, 2)));

TEST(WinogradNumbers, what_is_no_number_is_not_clipped_away) {
  const auto shape = shape_of(1, 4, 4);
  auto given = operands_for(shape);
  given.input.fill_(std::nan(""));
  for (const auto lanes : winograd_lanes_for(shape)) {
    const WinogradConvolution convolution(shape, packable(given.weights).data_ptr<float>(), lanes, 4,
                                          1 << 20);
    convolution.run(given.input.data_ptr<float>(), given.bias.data_ptr<float>(), {.low = 0, .high = 6},
                    given.result.data_ptr<float>());
    EXPECT_TRUE(given.result.isnan().all().item<bool>());
  }
}

TEST(WinogradShapes, need_whole_vectors_and_a_result) {
  auto shape = shape_of(1, 8, 8);
  EXPECT_FALSE(winograd_lanes_for(shape).empty());
  shape.channels = 3;
  EXPECT_TRUE(winograd_lanes_for(shape).empty());
  shape = shape_of(1, 2, 8);
  shape.pad_y = 0;
  EXPECT_TRUE(winograd_lanes_for(shape).empty());
}

}  // namespace
}  // namespace espalier::runner
