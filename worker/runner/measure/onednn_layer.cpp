#include "worker/runner/measure/onednn_layer.hpp"

#include <ATen/Parallel.h>
#include <torch/custom_class.h>
#include <torch/library.h>

#include <limits>
#include <oneapi/dnnl/dnnl.hpp>
#include <optional>

#include "worker/runner/measure/conditions.hpp"
#include "worker/runner/measure/product_shape.hpp"

namespace espalier::runner {
namespace {

using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;
constexpr auto kFloat = dnnl::memory::data_type::f32;
constexpr auto kInference = dnnl::prop_kind::forward_inference;
constexpr int kTimedRuns = 5;

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

}  // namespace

// How a layer runs. `given`, `added` and `wanted` are the layouts outside of it, the others those of the
// primitive; where they differ the values are laid out anew.
struct PackedOnednnLayer {
  dnnl::primitive primitive;
  dnnl::memory::desc given, added, wanted;
  dnnl::memory::desc source, result;
  dnnl::memory weights;
};

namespace {

void lay_out(const Desc& from, void* source, const Desc& to, void* result) {
  dnnl::memory before(from, cpu_engine(), source), after(to, cpu_engine(), result);
  dnnl::reorder(before, after).execute(thread_stream(), before, after);
  thread_stream().wait();
}

at::Tensor memory_for(const Desc& layout) {
  return at::empty({static_cast<std::int64_t>(layout.get_size() / sizeof(float))});
}

dnnl::memory weights_in_layout(const at::Tensor& weight, const ProductShape& shape, const Desc& wanted) {
  dnnl::memory packed(wanted, cpu_engine());
  lay_out({shape.weights, kFloat, weights_tag(shape)}, weight.data_ptr(), wanted, packed.get_data_handle());
  return packed;
}

void compute(const PackedOnednnLayer& packed, const at::Tensor& bias, void* source, void* result) {
  const Desc bias_desc({bias.numel()}, kFloat, Tag::x);
  packed.primitive.execute(thread_stream(), {{DNNL_ARG_SRC, {packed.source, cpu_engine(), source}},
                                             {DNNL_ARG_WEIGHTS, packed.weights},
                                             {DNNL_ARG_BIAS, {bias_desc, cpu_engine(), bias.data_ptr()}},
                                             {DNNL_ARG_DST, {packed.result, cpu_engine(), result}}});
  thread_stream().wait();
}

// Into `output`, laid out as wanted. `added` may be the same memory, and is nullptr where nothing is added.
void execute(const PackedOnednnLayer& packed, const at::Tensor& bias, void* input, void* added,
             void* output) {
  at::Tensor source, result;
  if (packed.source != packed.given) {
    source = memory_for(packed.source);
    lay_out(packed.given, input, packed.source, source.data_ptr());
    input = source.data_ptr();
  }
  void* into = output;
  if (packed.result != packed.wanted) {
    result = memory_for(packed.result);
    into = result.data_ptr();
  }
  if (added != nullptr && added != into) lay_out(packed.added, added, packed.result, into);
  compute(packed, bias, input, into);
  if (into != output) lay_out(packed.result, into, packed.wanted, output);
}

double shortest_run_s(const PackedOnednnLayer& packed, const at::Tensor& bias, bool adds) {
  const bool one_thread = at::get_num_threads() == 1;
  auto input = memory_for(packed.given).uniform_(-1, 1), added = memory_for(packed.added).zero_();
  auto output = packed.added == packed.wanted ? added : memory_for(packed.wanted);
  double shortest = std::numeric_limits<double>::infinity();
  for (int i = 0; i <= kTimedRuns; ++i) {
    const double begin = one_thread ? thread_cpu_seconds() : monotonic_seconds();
    execute(packed, bias, input.data_ptr(), adds ? added.data_ptr() : nullptr, output.data_ptr());
    const double end = one_thread ? thread_cpu_seconds() : monotonic_seconds();
    if (i > 0) shortest = std::min(shortest, end - begin);
  }
  return shortest;
}

// Plain values that convolutions passed to each other without a shape.
at::Tensor as_images(const at::Tensor& values, const std::vector<std::int64_t>& sizes) {
  return values.view({sizes.at(0), sizes.at(2), sizes.at(3), sizes.at(1)}).permute({0, 3, 1, 2});
}

}  // namespace

struct OnednnTrial {
  std::optional<PackedOnednnLayer> fastest;
  double seconds = std::numeric_limits<double>::infinity();
};

class OnednnLayer : public torch::CustomClassHolder {
 public:
  explicit OnednnLayer(const FusedLayer& fused);
  [[nodiscard]] at::Tensor run(const at::Tensor& x, const at::Tensor& added, bool in_place) const;

 private:
  using Pointer = c10::intrusive_ptr<OnednnLayer>;

  void try_layout(const FusedLayer& fused, const ProductShape& shape, Tag tag, OnednnTrial& trial) const;
  [[nodiscard]] at::Tensor in_known_layout(const at::Tensor& x, const std::vector<std::int64_t>& sizes,
                                           const Pointer& from) const;

  at::MemoryFormat format_;
  std::vector<std::int64_t> input_sizes_, result_sizes_;
  at::Tensor weight_, bias_;
  // Layers whose own layout is read here; shared with the graph that runs them.
  Pointer input_from_, added_from_;
  bool keeps_layout_;
  PackedOnednnLayer packed_;
};

OnednnLayer::OnednnLayer(const FusedLayer& fused)
    : format_(fused.layer.is_convolution ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous),
      input_sizes_(fused.input_sizes),
      result_sizes_(fused.input_sizes),
      weight_(fused.layer.weight.contiguous()),
      bias_(fused.layer.bias.defined() ? fused.layer.bias.contiguous() : at::zeros({weight_.size(0)})),
      keeps_layout_(fused.keeps_layout) {
  if (fused.input_from.isObject()) input_from_ = fused.input_from.toCustomClass<OnednnLayer>();
  if (fused.added_from.isObject()) added_from_ = fused.added_from.toCustomClass<OnednnLayer>();
  OnednnTrial trial;
  for (const auto& shape : product_shapes_of(fused.layer, fused.input_sizes)) {
    try_layout(fused, shape, plain_tag(shape), trial);
    if (fused.any_layout) try_layout(fused, shape, Tag::any, trial);
  }
  if (!trial.fastest) throw dnnl::error(dnnl_unimplemented, "oneDNN has nothing for a layer");
  packed_ = std::move(*trial.fastest);
  weight_.reset();
  if (fused.layer.is_convolution) {
    result_sizes_ = product_shapes_of(fused.layer, fused.input_sizes).front().result;
  } else {
    result_sizes_.back() = bias_.numel();
  }
}

// The implementation that oneDNN puts first: asking for the next one crashes in some of its versions.
void OnednnLayer::try_layout(const FusedLayer& fused, const ProductShape& shape, Tag tag,
                             OnednnTrial& trial) const {
  const auto attributes = attributes_of(fused);
  const Desc source(shape.source, kFloat, tag), result(shape.result, kFloat, tag);
  const Desc weights(shape.weights, kFloat, Tag::any), bias({bias_.numel()}, kFloat, Tag::x);
  const auto consider = [&](const auto& found) {
    const Desc plain_result(shape.result, kFloat, plain_tag(shape));
    PackedOnednnLayer packed;
    packed.primitive = dnnl::primitive(found);
    packed.source = found.src_desc();
    packed.result = found.dst_desc();
    packed.given = input_from_ ? input_from_->packed_.wanted : Desc(shape.source, kFloat, plain_tag(shape));
    packed.added = added_from_ ? added_from_->packed_.wanted : plain_result;
    packed.wanted = keeps_layout_ ? packed.result : plain_result;
    packed.weights = weights_in_layout(weight_, shape, found.weights_desc());
    const double seconds = shortest_run_s(packed, bias_, fused.adds);
    if (seconds < trial.seconds) trial = {std::move(packed), seconds};
  };
  try {
    if (shape.is_convolution) {
      consider(descriptor<dnnl::convolution_forward>(attributes, dnnl::algorithm::convolution_direct, source,
                                                     weights, bias, result, shape.stride, shape.dilation,
                                                     shape.padding, shape.padding));
    } else {
      consider(descriptor<dnnl::inner_product_forward>(attributes, source, weights, bias, result));
    }
  } catch (const dnnl::error& none) {
    if (none.status != dnnl_unimplemented) throw;
  }
}

at::Tensor OnednnLayer::in_known_layout(const at::Tensor& x, const std::vector<std::int64_t>& sizes,
                                        const Pointer& from) const {
  if (from) return x;
  TORCH_CHECK(x.sizes() == sizes, "a layer packed for ", sizes, " was given ", x.sizes());
  return x.contiguous(format_);
}

at::Tensor OnednnLayer::run(const at::Tensor& x, const at::Tensor& added, bool in_place) const {
  const auto input = in_known_layout(x, input_sizes_, input_from_);
  const auto residual = added.defined() ? in_known_layout(added, result_sizes_, added_from_) : added;
  at::Tensor output;
  if (in_place && packed_.added == packed_.wanted) {
    output = added_from_ && !keeps_layout_ ? as_images(residual, result_sizes_) : residual;
  } else {
    output = keeps_layout_ ? memory_for(packed_.wanted) : at::empty(result_sizes_, x.options(), format_);
  }
  execute(packed_, bias_, input.data_ptr(), residual.defined() ? residual.data_ptr() : nullptr,
          output.data_ptr());
  return output;
}

namespace {

using LayerPointer = c10::intrusive_ptr<OnednnLayer>;

at::Tensor run_layer(const at::Tensor& x, const LayerPointer& layer) {
  return layer->run(x, {}, false);
}

at::Tensor run_layer_add(const at::Tensor& x, const at::Tensor& added, const LayerPointer& layer) {
  return layer->run(x, added, false);
}

at::Tensor run_layer_add_in_place(const at::Tensor& x, const at::Tensor& added, const LayerPointer& layer) {
  return layer->run(x, added, true);
}

TORCH_LIBRARY(espalier, library) {
  library.class_<OnednnLayer>("OnednnLayer");
  library.def("run_layer(Tensor x, __torch__.torch.classes.espalier.OnednnLayer layer) -> Tensor", run_layer);
  library.def(
      "run_layer_add(Tensor x, Tensor added, __torch__.torch.classes.espalier.OnednnLayer layer) -> Tensor",
      run_layer_add);
  library.def(
      "run_layer_add_(Tensor x, Tensor(a!) added, __torch__.torch.classes.espalier.OnednnLayer layer) -> "
      "Tensor(a!)",
      run_layer_add_in_place);
}

}  // namespace

c10::IValue pack_layer(const FusedLayer& fused) {
  return c10::IValue(c10::make_intrusive<OnednnLayer>(fused));
}

}  // namespace espalier::runner
