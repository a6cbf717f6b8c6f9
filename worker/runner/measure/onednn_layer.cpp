#include "worker/runner/measure/onednn_layer.hpp"

#include <ATen/Parallel.h>
#include <torch/custom_class.h>
#include <torch/library.h>

#include <limits>
#include <oneapi/dnnl/dnnl.hpp>
#include <optional>
#include <unordered_map>

#include "worker/runner/measure/conditions.hpp"

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

void append(dnnl::post_ops& steps, dnnl::algorithm algorithm, double alpha, double beta) {
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
      append(steps, dnnl::algorithm::eltwise_relu, 0, 0);
      break;
    case FusedActivation::Kind::clip:
      append(steps, dnnl::algorithm::eltwise_clip, fused.activation.low, fused.activation.high);
      break;
    case FusedActivation::Kind::silu:
      append(steps, dnnl::algorithm::eltwise_swish, 1, 0);
      break;
    case FusedActivation::Kind::hardswish:
      append(steps, dnnl::algorithm::eltwise_hardswish, 1.0 / 6, 0.5);
      break;
    case FusedActivation::Kind::gelu:
      append(steps, dnnl::algorithm::eltwise_gelu_erf, 0, 0);
      break;
    case FusedActivation::Kind::sigmoid:
      append(steps, dnnl::algorithm::eltwise_logistic, 0, 0);
      break;
  }
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(steps);
  return attributes;
}

// A layer as a product of known shapes. The same linear layer can be asked for as an inner product and as a
// convolution of one pixel.
struct Geometry {
  bool is_convolution = true;
  dnnl::memory::dims source, weights, result, stride, dilation, padding;

  [[nodiscard]] Tag data_tag() const { return is_convolution ? Tag::nhwc : Tag::nc; }
  [[nodiscard]] Tag weights_tag() const {
    return !is_convolution ? Tag::oi : weights.size() == 5 ? Tag::goihw : Tag::oihw;
  }
};

Geometry convolution_geometry(const FusedLayer& fused) {
  const auto& layer = fused.layer;
  Geometry shape;
  shape.source = fused.input_sizes;
  shape.weights = layer.weight.sizes().vec();
  shape.result = {shape.source.at(0), shape.weights.at(0)};
  for (std::size_t i = 0; i < 2; ++i) {
    const auto reach = layer.dilation[i] * (shape.weights.at(i + 2) - 1) + 1;
    shape.result.push_back((shape.source.at(i + 2) + 2 * layer.padding[i] - reach) / layer.stride[i] + 1);
    shape.dilation.push_back(layer.dilation[i] - 1);
  }
  shape.stride = layer.stride;
  shape.padding = layer.padding;
  if (layer.groups > 1) {
    shape.weights[0] /= layer.groups;
    shape.weights.insert(shape.weights.begin(), layer.groups);
  }
  return shape;
}

std::vector<Geometry> geometries_of(const FusedLayer& fused) {
  if (fused.layer.is_convolution) return {convolution_geometry(fused)};
  const auto out = fused.layer.weight.size(0), in = fused.layer.weight.size(1);
  const auto rows = c10::multiply_integers(fused.input_sizes) / in;
  return {{false, {rows, in}, {out, in}, {rows, out}, {}, {}, {}},
          {true, {1, in, rows, 1}, {out, in, 1, 1}, {1, out, rows, 1}, {1, 1}, {0, 0}, {0, 0}}};
}

template <typename Forward, typename... Rest>
typename Forward::primitive_desc descriptor(const dnnl::primitive_attr& attributes, const Rest&... rest) {
#if DNNL_VERSION_MAJOR >= 3
  return {cpu_engine(), kInference, rest..., attributes};
#else
  return {typename Forward::desc(kInference, rest...), attributes, cpu_engine()};
#endif
}

struct Packed {
  dnnl::primitive primitive;
  Desc source, result;
  dnnl::memory weights;
};

dnnl::memory packed_weights(const at::Tensor& weight, const Geometry& shape, const Desc& wanted) {
  dnnl::memory plain({shape.weights, kFloat, shape.weights_tag()}, cpu_engine(), weight.data_ptr());
  dnnl::memory packed(wanted, cpu_engine());
  dnnl::reorder(plain, packed).execute(thread_stream(), plain, packed);
  thread_stream().wait();
  return packed;
}

void execute(const Packed& packed, const at::Tensor& bias, void* source, void* result) {
  const dnnl::memory from(packed.source, cpu_engine(), source);
  const dnnl::memory to(packed.result, cpu_engine(), result);
  const Desc bias_desc({bias.numel()}, kFloat, Tag::x);
  packed.primitive.execute(thread_stream(), {{DNNL_ARG_SRC, from},
                                             {DNNL_ARG_WEIGHTS, packed.weights},
                                             {DNNL_ARG_BIAS, {bias_desc, cpu_engine(), bias.data_ptr()}},
                                             {DNNL_ARG_DST, to}});
  thread_stream().wait();
}

double shortest_run_s(const Packed& packed, const at::Tensor& bias, const at::Tensor& source,
                      at::Tensor& result) {
  const bool one_thread = at::get_num_threads() == 1;
  double shortest = std::numeric_limits<double>::infinity();
  for (int i = 0; i <= kTimedRuns; ++i) {
    const double begin = one_thread ? thread_cpu_seconds() : monotonic_seconds();
    execute(packed, bias, source.data_ptr(), result.data_ptr());
    const double end = one_thread ? thread_cpu_seconds() : monotonic_seconds();
    if (i > 0) shortest = std::min(shortest, end - begin);
  }
  return shortest;
}

struct Trial {
  std::optional<Packed> fastest;
  double seconds = std::numeric_limits<double>::infinity();
};

// The implementation that oneDNN puts first: asking for the next one crashes in some of its versions.
template <typename Descriptor>
void try_first_implementation(const Descriptor& descriptor, const Geometry& shape, const at::Tensor& weight,
                              const at::Tensor& bias, Trial& trial) {
  const auto source = at::randn({c10::multiply_integers(shape.source)});
  auto result = at::zeros({c10::multiply_integers(shape.result)});
  Packed packed{dnnl::primitive(descriptor), descriptor.src_desc(), descriptor.dst_desc(),
                packed_weights(weight, shape, descriptor.weights_desc())};
  const double seconds = shortest_run_s(packed, bias, source, result);
  if (seconds < trial.seconds) trial = {std::move(packed), seconds};
}

void try_geometry(const Geometry& shape, const dnnl::primitive_attr& attributes, const at::Tensor& weight,
                  const at::Tensor& bias, Trial& trial) {
  const Desc source(shape.source, kFloat, shape.data_tag()), result(shape.result, kFloat, shape.data_tag());
  const Desc weights(shape.weights, kFloat, Tag::any), bias_desc({bias.numel()}, kFloat, Tag::x);
  if (shape.is_convolution) {
    try_first_implementation(descriptor<dnnl::convolution_forward>(
                                 attributes, dnnl::algorithm::convolution_direct, source, weights, bias_desc,
                                 result, shape.stride, shape.dilation, shape.padding, shape.padding),
                             shape, weight, bias, trial);
  } else {
    try_first_implementation(
        descriptor<dnnl::inner_product_forward>(attributes, source, weights, bias_desc, result), shape,
        weight, bias, trial);
  }
}

class OnednnLayer : public torch::CustomClassHolder {
 public:
  explicit OnednnLayer(const FusedLayer& fused)
      : format_(fused.layer.is_convolution ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous),
        input_sizes_(fused.input_sizes),
        result_sizes_(fused.input_sizes) {
    const auto weight = fused.layer.weight.contiguous();
    const auto out = weight.size(0);
    bias_ = fused.layer.bias.defined() ? fused.layer.bias.contiguous() : at::zeros({out});
    if (fused.layer.is_convolution) {
      result_sizes_ = convolution_geometry(fused).result;
    } else {
      result_sizes_.back() = out;
    }
    Trial trial;
    for (const auto& shape : geometries_of(fused))
      try_geometry(shape, attributes_of(fused), weight, bias_, trial);
    packed_ = std::move(*trial.fastest);
  }

  [[nodiscard]] at::Tensor run(const at::Tensor& x) const {
    return run_into(x, at::empty(result_sizes_, x.options(), format_));
  }

  // `result` holds what is added, if the layer adds.
  [[nodiscard]] at::Tensor run_into(const at::Tensor& x, at::Tensor result) const {
    TORCH_CHECK(x.sizes() == input_sizes_ && result.sizes() == result_sizes_, "a layer packed for inputs of ",
                input_sizes_, " was given ", x.sizes());
    const auto source = x.contiguous(format_);
    result = result.contiguous(format_);
    execute(packed_, bias_, source.data_ptr(), result.data_ptr());
    return result;
  }

  [[nodiscard]] at::MemoryFormat format() const { return format_; }

 private:
  at::MemoryFormat format_;
  std::vector<std::int64_t> input_sizes_, result_sizes_;
  at::Tensor bias_;
  Packed packed_;
};

using LayerPointer = c10::intrusive_ptr<OnednnLayer>;

at::Tensor run_layer(const at::Tensor& x, const LayerPointer& layer) {
  return layer->run(x);
}

at::Tensor run_layer_add(const at::Tensor& x, const at::Tensor& added, const LayerPointer& layer) {
  return layer->run_into(x, added.clone(layer->format()));
}

at::Tensor run_layer_add_in_place(const at::Tensor& x, const at::Tensor& added, const LayerPointer& layer) {
  return layer->run_into(x, added);
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
