#include "worker/runner/measure/packed_layer.hpp"

#include <ATen/Parallel.h>

#include <limits>
#include <map>

#include "worker/runner/measure/conditions.hpp"

namespace espalier::runner {
namespace {

using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;
constexpr auto kFloat = dnnl::memory::data_type::f32;
constexpr auto kInference = dnnl::prop_kind::forward_inference;
constexpr int kMostTimedRuns = 5;
constexpr double kEnoughTimed_s = 0.02;
constexpr std::int64_t kNumber = sizeof(float);
constexpr std::int64_t kLargestCache = 64 << 20;
constexpr std::int64_t kOwnCache = 512 << 10, kSharedCache = 4 << 20;

const dnnl::engine& cpu_engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::stream& thread_stream() {
  static thread_local dnnl::stream stream(cpu_engine());
  return stream;
}

void append_activation(dnnl::post_ops& steps, dnnl::algorithm algorithm, double alpha, double beta) {
#if DNNL_VERSION_MAJOR >= 3
  steps.append_eltwise(algorithm, static_cast<float>(alpha), static_cast<float>(beta));
#else
  steps.append_eltwise(1.0F, algorithm, static_cast<float>(alpha), static_cast<float>(beta));
#endif
}

dnnl::primitive_attr attributes_of(const FusedLayer& fused) {
  dnnl::post_ops steps;
  if (fused.adds) steps.append_sum(1.0F);
  switch (fused.activation.kind) {
    case FusedActivation::Kind::none:
      break;
    case FusedActivation::Kind::relu:
      append_activation(steps, dnnl::algorithm::eltwise_relu, 0, 0);
      break;
    case FusedActivation::Kind::clip:
      append_activation(steps, dnnl::algorithm::eltwise_clip, fused.activation.low, fused.activation.high);
      break;
    case FusedActivation::Kind::silu:
      append_activation(steps, dnnl::algorithm::eltwise_swish, 1, 0);
      break;
    case FusedActivation::Kind::hardswish:
      append_activation(steps, dnnl::algorithm::eltwise_hardswish, 1.0 / 6, 0.5);
      break;
    case FusedActivation::Kind::gelu:
      append_activation(steps, dnnl::algorithm::eltwise_gelu_erf, 0, 0);
      break;
    case FusedActivation::Kind::sigmoid:
      append_activation(steps, dnnl::algorithm::eltwise_logistic, 0, 0);
      break;
  }
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(steps);
  return attributes;
}

Tag plain_tag(const ProductShape& shape) {
  return shape.is_convolution ? Tag::nhwc : Tag::nc;
}

// Left to itself oneDNN lays images channels-last on AVX-512, where layers by blocks of channels can be
// faster (depthwise ones by up to 1.8x on Zen 4); on AVX2 it takes blocks.
bool has_blocks_of_16(const ProductShape& shape) {
  return shape.is_convolution && shape.source.size() == 4 &&
         dnnl::get_effective_cpu_isa() >= dnnl::cpu_isa::avx512_core;
}

Tag weights_tag(const ProductShape& shape) {
  return !shape.is_convolution ? Tag::oi : shape.weights.size() == 5 ? Tag::goihw : Tag::oihw;
}

template <typename Forward, typename... Rest>
typename Forward::primitive_desc descriptor(const dnnl::primitive_attr& attributes, const Rest&... rest) {
#if DNNL_VERSION_MAJOR >= 3
  return {cpu_engine(), kInference, rest..., attributes};
#else
  return {typename Forward::desc(kInference, rest...), attributes, cpu_engine()};
#endif
}

void lay_out(const Desc& from, void* source, const Desc& to, void* result) {
  dnnl::memory before(from, cpu_engine(), source), after(to, cpu_engine(), result);
  dnnl::reorder(before, after).execute(thread_stream(), before, after);
  thread_stream().wait();
}

at::Tensor memory_for(const Desc& layout) {
  return at::empty({static_cast<std::int64_t>(layout.get_size() / sizeof(float))});
}

// Unset where Winograd's filtering can't do what the layer does.
std::optional<WinogradShape> winograd_shape(const FusedLayer& fused, const ProductShape& shape) {
  using Kind = FusedActivation::Kind;
  const auto kind = fused.activation.kind;
  const std::vector<std::int64_t> twice_one{1, 1}, not_dilated{0, 0};
  if (!fused.layer.is_convolution || shape.weights.size() != 4 || shape.weights[2] != 3 ||
      shape.weights[3] != 3 || shape.stride != twice_one || shape.dilation != not_dilated ||
      (kind != Kind::none && kind != Kind::relu && kind != Kind::clip))
    return std::nullopt;
  const WinogradShape found{shape.source[0],  shape.source[1],  shape.source[2], shape.source[3],
                            shape.weights[0], shape.padding[0], shape.padding[1]};
  return winograd_lanes_for(found).empty() ? std::nullopt : std::optional(found);
}

// What decides how long the ways of a layer take.
using Likeness = std::vector<std::int64_t>;

Likeness likeness_of(const FusedLayer& fused, std::int64_t input_way, std::int64_t added_way) {
  Likeness numbers{at::get_num_threads(),
                   fused.layer.is_convolution,
                   fused.layer.groups,
                   fused.adds,
                   static_cast<std::int64_t>(fused.activation.kind),
                   static_cast<std::int64_t>(fused.layout),
                   fused.keeps_layout,
                   fused.bytes_of_net,
                   input_way,
                   added_way};
  for (const auto& list : {fused.input_sizes, fused.layer.weight.sizes().vec(), fused.layer.stride,
                           fused.layer.padding, fused.layer.dilation})
    numbers.insert(numbers.end(), list.begin(), list.end());
  return numbers;
}

}  // namespace

std::vector<PackedLayer::Way> PackedLayer::ways_of(const FusedLayer& fused) {
  std::vector<Way> ways;
  for (const auto& shape : product_shapes_of(fused.layer, fused.input_sizes)) {
    if (fused.layout != LayerLayout::onednn) ways.push_back({shape, plain_tag(shape)});
    const bool in_blocks = fused.layout != LayerLayout::channels_last && has_blocks_of_16(shape);
    if (in_blocks) ways.push_back({shape, Tag::nChw16c});
    const bool lets_onednn_choose = fused.layout == LayerLayout::fastest_alone || !in_blocks;
    if (fused.layout != LayerLayout::channels_last && lets_onednn_choose) ways.push_back({shape, Tag::any});
    if (fused.layout != LayerLayout::fastest_alone || !winograd_shape(fused, shape)) continue;
    ways.push_back({shape, plain_tag(shape), 4, kOwnCache});
    ways.push_back({shape, plain_tag(shape), 4, kSharedCache});
    ways.push_back({shape, plain_tag(shape), 2, kSharedCache});
  }
  return ways;
}

PackedLayer PackedLayer::fastest(const FusedLayer& fused, const PackedLayer* input_from,
                                 const PackedLayer* added_from) {
  static std::map<Likeness, std::size_t> chosen;
  const auto way_of = [](const PackedLayer* layer) {
    return layer != nullptr ? static_cast<std::int64_t>(layer->way_) : -1;
  };
  const auto likeness = likeness_of(fused, way_of(input_from), way_of(added_from));
  const auto ways = ways_of(fused);
  const auto attempt = [&](std::size_t way) {
    auto layer = packed(fused, ways[way], input_from, added_from);
    if (layer) layer->way_ = way;
    return layer;
  };
  if (const auto known = chosen.find(likeness); known != chosen.end()) return attempt(known->second).value();
  std::optional<PackedLayer> best;
  double best_s = std::numeric_limits<double>::infinity();
  for (std::size_t way = 0; way < ways.size(); ++way) {
    auto layer = attempt(way);
    if (!layer) continue;
    const double seconds = layer->shortest_run_s(fused);
    if (seconds >= best_s) continue;
    best_s = seconds;
    best = std::move(layer);
  }
  if (!best) throw dnnl::error(dnnl_unimplemented, "oneDNN has nothing for a layer");
  chosen.emplace(likeness, best->way_);
  return std::move(*best);
}

std::optional<PackedLayer> PackedLayer::packed(const FusedLayer& fused, const Way& way,
                                               const PackedLayer* input_from, const PackedLayer* added_from) {
  const auto& shape = way.shape;
  const Desc plain_result(shape.result, kFloat, plain_tag(shape));
  PackedLayer layer;
  layer.adds_ = fused.adds;
  layer.bias_ =
      fused.layer.bias.defined() ? fused.layer.bias.contiguous() : at::zeros({fused.layer.weight.size(0)});
  layer.given_ = input_from != nullptr ? input_from->wanted_ : Desc(shape.source, kFloat, plain_tag(shape));
  layer.added_ = added_from != nullptr ? added_from->wanted_ : plain_result;
  try {
    way.tile > 0 ? layer.pack_winograd(fused, way) : layer.pack_direct(fused, way);
  } catch (const dnnl::error& none) {
    if (none.status != dnnl_unimplemented) throw;
    return std::nullopt;
  }
  layer.wanted_ = fused.keeps_layout ? layer.result_ : plain_result;
  return layer;
}

// The implementation that oneDNN puts first: asking for the next one crashes in some of its versions.
void PackedLayer::pack_direct(const FusedLayer& fused, const Way& way) {
  const auto& shape = way.shape;
  const auto attributes = attributes_of(fused);
  // Colours don't fill a block.
  const bool fills_no_block = way.layout == Tag::nChw16c && shape.source[1] < 16;
  const Desc source(shape.source, kFloat, fills_no_block ? Tag::any : way.layout);
  const Desc result(shape.result, kFloat, way.layout);
  const Desc weights(shape.weights, kFloat, Tag::any), bias({bias_.numel()}, kFloat, Tag::x);
  const auto take = [&](const auto& found) {
    const auto plain_weights = fused.layer.weight.contiguous();
    primitive_ = dnnl::primitive(found);
    source_ = found.src_desc();
    result_ = found.dst_desc();
    weights_ = dnnl::memory(found.weights_desc(), cpu_engine());
    lay_out({shape.weights, kFloat, weights_tag(shape)}, plain_weights.data_ptr(), found.weights_desc(),
            weights_.get_data_handle());
  };
  if (shape.is_convolution) {
    take(descriptor<dnnl::convolution_forward>(attributes, dnnl::algorithm::convolution_direct, source,
                                               weights, bias, result, shape.stride, shape.dilation,
                                               shape.padding, shape.padding));
  } else {
    take(descriptor<dnnl::inner_product_forward>(attributes, source, weights, bias, result));
  }
}

void PackedLayer::pack_winograd(const FusedLayer& fused, const Way& way) {
  source_ = Desc(way.shape.source, kFloat, way.layout);
  result_ = Desc(way.shape.result, kFloat, way.layout);
  const auto weights = fused.layer.weight.permute({1, 2, 3, 0}).contiguous();
  const auto shape = winograd_shape(fused, way.shape).value();
  winograd_ = std::make_shared<WinogradConvolution>(
      shape, weights.data_ptr<float>(), winograd_lanes_for(shape).front(), way.tile, way.cache_bytes);
  winograd_end_.adds = fused.adds;
  if (fused.activation.kind == FusedActivation::Kind::none) return;
  const bool clips = fused.activation.kind == FusedActivation::Kind::clip;
  winograd_end_.low = clips ? static_cast<float>(fused.activation.low) : 0;
  if (clips) winograd_end_.high = static_cast<float>(fused.activation.high);
}

at::Tensor PackedLayer::memory_for_output() const {
  return memory_for(wanted_);
}

void PackedLayer::compute(float* source, float* result) const {
  if (winograd_) return winograd_->run(source, bias_.data_ptr<float>(), winograd_end_, result);
  const Desc bias({bias_.numel()}, kFloat, Tag::x);
  primitive_.execute(thread_stream(), {{DNNL_ARG_SRC, {source_, cpu_engine(), source}},
                                       {DNNL_ARG_WEIGHTS, weights_},
                                       {DNNL_ARG_BIAS, {bias, cpu_engine(), bias_.data_ptr()}},
                                       {DNNL_ARG_DST, {result_, cpu_engine(), result}}});
  thread_stream().wait();
}

void PackedLayer::run(float* input, float* added, float* output) const {
  at::Tensor source, result;
  if (source_ != given_) {
    source = memory_for(source_);
    lay_out(given_, input, source_, source.data_ptr());
    input = source.data_ptr<float>();
  }
  float* into = output;
  if (result_ != wanted_) {
    result = memory_for(result_);
    into = result.data_ptr<float>();
  }
  if (added != nullptr && added != into) lay_out(added_, added, result_, into);
  compute(input, into);
  if (into != output) lay_out(result_, into, wanted_, output);
}

double PackedLayer::shortest_run_s(const FusedLayer& fused) const {
  auto input = memory_for(given_).uniform_(-1, 1), added = memory_for(added_).zero_();
  auto output = output_lies_like_added() ? added : memory_for_output();
  // In a net the other layers pass through the caches between two runs of this one, and its input was just
  // made.
  const auto others = at::ones({std::min(fused.bytes_of_net, kLargestCache) / kNumber});
  double shortest = std::numeric_limits<double>::infinity();
  double spent = 0;
  for (int i = 0; i <= kMostTimedRuns && (i < 2 || spent < kEnoughTimed_s); ++i) {
    others.sum();
    input.sum();
    const double begin = running_seconds();
    run(input.data_ptr<float>(), adds_ ? added.data_ptr<float>() : nullptr, output.data_ptr<float>());
    const double seconds = running_seconds() - begin;
    spent += seconds;
    if (i > 0) shortest = std::min(shortest, seconds);
  }
  return shortest;
}

}  // namespace espalier::runner
