#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "worker/runner/train/quick_convolutions.hpp"
#include "worker/runner/winograd/convolution.hpp"

namespace espalier::runner {
namespace {

struct Net {
  std::int64_t channels = 16, filters = 32, size = 14, kernel = 3, stride = 1, padding = 1, groups = 1;
  std::int64_t images = 8;
  bool has_bias = false;
  at::MemoryFormat layout = at::MemoryFormat::ChannelsLast;
};

// Output and gradients of input, weights and bias, in the arithmetic of `type`.
std::vector<at::Tensor> everything_of(const Net& net, at::ScalarType type) {
  at::manual_seed(3);
  const auto made = [&](at::IntArrayRef sizes, double scale) { return (at::randn(sizes) * scale).to(type); };
  const auto filter_size = net.channels / net.groups * net.kernel * net.kernel;
  auto input = made({net.images, net.channels, net.size, net.size}, 1).contiguous(net.layout);
  auto weight = made({net.filters, net.channels / net.groups, net.kernel, net.kernel},
                     1 / std::sqrt(static_cast<double>(filter_size)))
                    .contiguous(net.layout);
  auto bias = net.has_bias ? made({net.filters}, 1) : at::Tensor();
  for (auto* tensor : {&input, &weight, &bias})
    if (tensor->defined()) tensor->set_requires_grad(true);
  const auto output = at::conv2d(input, weight, bias, net.stride, net.padding, 1, net.groups);
  // Its gradient comes in the usual layout.
  output.backward(made(output.sizes(), 1));
  std::vector<at::Tensor> all{output.data(), input.grad(), weight.grad()};
  if (net.has_bias) all.push_back(bias.grad());
  return all;
}

bool is_quick(const Net& net) {
  const auto before = everything_of(net, at::kFloat);
  const QuickConvolutions quick;
  const auto after = everything_of(net, at::kFloat);
  // The sums are rounded elsewhere.
  return !before[0].equal(after[0]) || !before[1].equal(after[1]) || !before[2].equal(after[2]);
}

void expect_true_numbers(const Net& net) {
  const auto expected = everything_of(net, at::kDouble);
  const QuickConvolutions quick;
  const auto found = everything_of(net, at::kFloat);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(found[i].sizes(), expected[i].sizes());
    const auto off = (found[i] - expected[i]).abs().max().item<double>();
    EXPECT_LE(off, 2e-5 * expected[i].abs().max().item<double>()) << "number " << i;
  }
}

TEST(QuickConvolutions, give_the_outputs_and_gradients_of_double_precision) {
  for (const auto threads : {1, 2}) {
    // With fewer threads than it asks for, oneDNN computes something else for what it is left with.
    if (threads > 1 && std::getenv("OMP_THREAD_LIMIT") != nullptr) continue;
    at::set_num_threads(threads);
    for (const auto& [channels, filters, size, padding] :
         {std::tuple{16, 16, 28, 1}, {16, 32, 14, 1}, {64, 32, 7, 1}, {32, 16, 12, 0}, {48, 64, 11, 2}}) {
      for (const bool has_bias : {false, true}) {
        Net net{.channels = channels, .filters = filters, .size = size, .padding = padding};
        net.has_bias = has_bias;
        expect_true_numbers(net);
      }
    }
  }
  at::set_num_threads(1);
}

TEST(QuickConvolutions, whose_input_gradient_does_not_fill_vectors_leave_that_to_libtorch) {
  const auto lanes = winograd_widest_lanes();
  const Net net{.channels = 3 * lanes, .filters = 2 * lanes};
  expect_true_numbers(net);
  EXPECT_TRUE(is_quick(net));
}

TEST(QuickConvolutions, are_taken_where_they_gain_alone) {
  EXPECT_TRUE(is_quick({.channels = 64, .filters = 64}));
  EXPECT_FALSE(is_quick({.channels = 64, .filters = 64, .stride = 2}));
  EXPECT_FALSE(is_quick({.channels = 64, .filters = 64, .kernel = 1, .padding = 0}));
  EXPECT_FALSE(is_quick({.channels = 64, .filters = 64, .groups = 2}));
  EXPECT_FALSE(is_quick({.channels = 3, .filters = 64}));
  EXPECT_FALSE(is_quick({.channels = 64, .filters = 64, .size = 5}));
  EXPECT_FALSE(is_quick({.channels = 64, .filters = 64, .images = 1}));
  EXPECT_FALSE(is_quick({.channels = 64, .filters = 64, .layout = at::MemoryFormat::Contiguous}));
}

TEST(QuickConvolutions, whose_operands_do_not_fit_are_refused_by_libtorch) {
  const QuickConvolutions quick;
  const auto input = at::randn({8, 64, 14, 14}).contiguous(at::MemoryFormat::ChannelsLast);
  EXPECT_THROW(at::conv2d(input, at::randn({64, 32, 3, 3}), {}, 1, 1), c10::Error);
  EXPECT_THROW(at::conv2d(input, at::randn({64, 64, 3, 3}), at::randn({32}), 1, 1), c10::Error);
  EXPECT_THROW(at::conv2d(input, at::randn({64, 64, 3, 3}), {}, 1, -1), c10::Error);
}

TEST(QuickConvolutions, end_with_their_scope) {
  const Net net{.channels = 64, .filters = 64};
  const auto before = everything_of(net, at::kFloat);
  { const QuickConvolutions quick; }
  EXPECT_TRUE(before[0].equal(everything_of(net, at::kFloat)[0]));
}

TEST(QuickConvolutions, repeat_bit_by_bit_on_several_threads) {
  at::set_num_threads(2);
  const QuickConvolutions quick;
  const Net net{.channels = 32, .filters = 32, .size = 28, .images = 16};
  const auto first = everything_of(net, at::kFloat), second = everything_of(net, at::kFloat);
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_TRUE(first[i].equal(second[i]));
  at::set_num_threads(1);
}

TEST(QuickConvolutions, compute_only_the_gradients_that_are_asked_for) {
  const QuickConvolutions quick;
  const auto input = at::randn({8, 32, 14, 14}).contiguous(at::MemoryFormat::ChannelsLast);
  auto weight = at::randn({32, 32, 3, 3}).set_requires_grad(true);
  at::conv2d(input, weight, {}, 1, 1).sum().backward();
  EXPECT_TRUE(weight.grad().defined());
  auto other = at::randn({8, 32, 14, 14}).contiguous(at::MemoryFormat::ChannelsLast).set_requires_grad(true);
  at::conv2d(other, weight.data(), {}, 1, 1).sum().backward();
  EXPECT_TRUE(other.grad().defined());
}

}  // namespace
}  // namespace espalier::runner
