#include "worker/runner/measure/macs.hpp"

#include <ATen/native/quantized/PackedParams.h>

#include <optional>
#include <set>
#include <string_view>

#include "worker/runner/measure/operator_record.hpp"

namespace espalier::runner {
namespace {

using Call = OperatorCall;

std::optional<at::Tensor> tensor_at(const std::vector<c10::IValue>& values, std::size_t index) {
  if (index >= values.size() || !values[index].isTensor() || !values[index].toTensor().defined())
    return std::nullopt;
  return values[index].toTensor();
}

// Every output element is a sum over (in / groups) x kernel products; transposed: every input element is
// spread over (out / groups) x kernel.
std::optional<std::int64_t> convolution_macs(const Call& call, bool transposed) {
  const auto weight = tensor_at(call.inputs, 1);
  const auto spread = transposed ? tensor_at(call.inputs, 0) : tensor_at(call.outputs, 0);
  if (!weight || !spread) return std::nullopt;
  return spread->numel() * (weight->numel() / weight->size(0));
}

std::optional<std::int64_t> general_convolution_macs(const Call& call) {
  const bool transposed = call.inputs.size() > 6 && call.inputs[6].isBool() && call.inputs[6].toBool();
  return convolution_macs(call, transposed);
}

// out elements x length of the contracted dimension, which is the last of input `left`.
std::optional<std::int64_t> product_macs(const Call& call, std::size_t left) {
  const auto a = tensor_at(call.inputs, left);
  const auto out = tensor_at(call.outputs, 0);
  if (!a || !out || a->dim() == 0) return std::nullopt;
  return out->numel() * a->size(-1);
}

template <class Packed>
std::optional<at::Tensor> packed_weight(const Call& call) {
  if (call.inputs.size() < 2 || !call.inputs[1].isObject()) return std::nullopt;
  return std::get<0>(call.inputs[1].toCustomClass<Packed>()->unpack());
}

std::optional<std::int64_t> packed_convolution_macs(const Call& call) {
  const auto weight = packed_weight<ConvPackedParamsBase<2>>(call);
  const auto out = tensor_at(call.outputs, 0);
  if (!weight || !out) return std::nullopt;
  return out->numel() * (weight->numel() / weight->size(0));
}

std::optional<std::int64_t> packed_linear_macs(const Call& call) {
  const auto weight = packed_weight<LinearPackedParamsBase>(call);
  const auto out = tensor_at(call.outputs, 0);
  if (!weight || !out) return std::nullopt;
  return out->numel() * weight->size(1);
}

// Fused attention: a query's product with every key, and that with every value, in every head.
std::optional<std::int64_t> attention_macs(const Call& call) {
  const auto query = tensor_at(call.inputs, 0);
  const auto key = tensor_at(call.inputs, 1);
  const auto value = tensor_at(call.inputs, 2);
  if (!query || !key || !value || query->dim() < 2 || key->dim() < 2 || value->dim() < 2) return std::nullopt;
  const auto rows = query->numel() / query->size(-1);  // of all heads
  return rows * key->size(-2) * (query->size(-1) + value->size(-1));
}

bool is_attention(std::string_view name) {
  return name.starts_with("aten::scaled_dot_product_attention") ||
         name.starts_with("aten::_scaled_dot_product_");
}

bool has_rule(std::string_view name) {
  static const std::set<std::string_view> kNames = {"aten::conv1d",
                                                    "aten::conv2d",
                                                    "aten::conv3d",
                                                    "aten::convolution",
                                                    "aten::_convolution",
                                                    "aten::conv_transpose1d",
                                                    "aten::conv_transpose2d",
                                                    "aten::conv_transpose3d",
                                                    "aten::linear",
                                                    "aten::mm",
                                                    "aten::bmm",
                                                    "aten::matmul",
                                                    "aten::mv",
                                                    "aten::dot",
                                                    "aten::addmm",
                                                    "aten::addmv",
                                                    "aten::baddbmm",
                                                    "quantized::conv2d",
                                                    "quantized::conv2d_relu",
                                                    "quantized::linear",
                                                    "quantized::linear_relu",
                                                    "quantized::linear_dynamic",
                                                    "quantized::linear_relu_dynamic"};
  return kNames.contains(name) || is_attention(name);
}

std::optional<std::int64_t> macs_of(const Call& call) {
  const std::string_view name = call.name;
  if (name == "aten::convolution" || name == "aten::_convolution") return general_convolution_macs(call);
  if (is_attention(name)) return attention_macs(call);
  if (name.starts_with("aten::conv_transpose")) return convolution_macs(call, true);
  if (name.starts_with("aten::conv")) return convolution_macs(call, false);
  if (name.starts_with("quantized::conv2d")) return packed_convolution_macs(call);
  if (name.starts_with("quantized::linear")) return packed_linear_macs(call);
  const bool adds_first = name == "aten::addmm" || name == "aten::addmv" || name == "aten::baddbmm";
  return product_macs(call, adds_first ? 1 : 0);
}

// Operators that multiply and accumulate nothing worth counting, by what they do.
bool is_known_free(std::string_view name) {
  static const std::set<std::string_view> kNames = {
      // normalisation
      "aten::batch_norm", "aten::_batch_norm_impl_index", "aten::native_batch_norm", "aten::layer_norm",
      "aten::native_layer_norm", "aten::group_norm", "aten::native_group_norm", "aten::instance_norm",
      // activations
      "aten::relu", "aten::relu_", "aten::relu6", "aten::relu6_", "aten::hardtanh", "aten::hardtanh_",
      "aten::clamp", "aten::clamp_", "aten::clamp_min", "aten::clamp_min_", "aten::leaky_relu",
      "aten::leaky_relu_", "aten::prelu", "aten::elu", "aten::elu_", "aten::gelu", "aten::silu",
      "aten::silu_", "aten::mish", "aten::sigmoid", "aten::sigmoid_", "aten::tanh", "aten::tanh_",
      "aten::hardswish", "aten::hardswish_", "aten::hardsigmoid", "aten::hardsigmoid_", "aten::softplus",
      "aten::softmax", "aten::_softmax", "aten::log_softmax", "aten::_log_softmax", "aten::erf", "aten::exp",
      // pooling, resizing and reductions
      "aten::max_pool2d", "aten::max_pool2d_with_indices", "aten::quantized_max_pool2d",
      "aten::mkldnn_max_pool2d", "aten::avg_pool2d", "aten::adaptive_avg_pool2d",
      "aten::_adaptive_avg_pool2d", "aten::adaptive_max_pool2d", "aten::mean", "aten::sum", "aten::max",
      "aten::amax", "aten::argmax", "aten::var", "aten::max_pool1d", "aten::max_pool1d_with_indices",
      "aten::max_pool3d", "aten::max_pool3d_with_indices", "aten::avg_pool1d", "aten::avg_pool3d",
      "aten::adaptive_avg_pool1d", "aten::adaptive_avg_pool3d", "aten::_adaptive_avg_pool3d", "aten::min",
      "aten::amin", "aten::argmin", "aten::std", "aten::norm", "aten::linalg_vector_norm", "aten::logsumexp",
      "aten::all", "aten::any", "aten::upsample_nearest1d", "aten::upsample_bilinear2d",
      "aten::upsample_bicubic2d",
      // element by element
      "aten::add", "aten::add_", "aten::sub", "aten::sub_", "aten::rsub", "aten::mul", "aten::mul_",
      "aten::div", "aten::div_", "aten::neg", "aten::pow", "aten::sqrt", "aten::rsqrt", "aten::abs",
      "aten::square", "aten::reciprocal", "aten::log", "aten::log1p", "aten::expm1", "aten::sin", "aten::cos",
      "aten::floor", "aten::ceil", "aten::round", "aten::trunc", "aten::sign", "aten::remainder",
      "aten::floor_divide", "aten::minimum", "aten::maximum", "aten::addcmul", "aten::addcdiv", "aten::lerp",
      "aten::eq", "aten::ne", "aten::lt", "aten::le", "aten::gt", "aten::ge", "aten::logical_and",
      "aten::logical_or", "aten::logical_not", "aten::bitwise_and", "aten::bitwise_or", "aten::bitwise_not",
      "aten::where", "aten::masked_fill", "quantized::add", "quantized::add_relu", "quantized::mul",
      "quantized::relu6", "aten::dropout", "aten::dropout_", "aten::feature_dropout", "aten::alpha_dropout",
      // shape and memory
      "aten::view", "aten::reshape", "aten::_reshape_alias", "aten::_unsafe_view", "aten::flatten",
      "aten::unflatten", "aten::squeeze", "aten::squeeze_", "aten::unsqueeze", "aten::unsqueeze_",
      "aten::permute", "aten::transpose", "aten::t", "aten::expand", "aten::expand_as", "aten::repeat",
      "aten::slice", "aten::select", "aten::narrow", "aten::chunk", "aten::split", "aten::split_with_sizes",
      "aten::unbind", "aten::cat", "aten::_cat", "quantized::cat", "aten::stack", "aten::pad",
      "aten::constant_pad_nd", "aten::contiguous", "aten::clone", "aten::copy_", "aten::to", "aten::_to_copy",
      "aten::empty", "aten::empty_like", "aten::empty_strided", "aten::zeros", "aten::zeros_like",
      "aten::ones", "aten::ones_like", "aten::full", "aten::fill_", "aten::zero_", "aten::arange",
      "aten::size", "aten::as_strided", "aten::as_strided_", "aten::resize_", "aten::resolve_conj",
      "aten::resolve_neg", "aten::detach", "aten::detach_", "aten::alias", "aten::index",
      "aten::index_select", "aten::gather", "aten::embedding", "aten::roll", "aten::flip",
      "aten::channel_shuffle", "aten::pixel_shuffle", "aten::Int", "aten::ScalarImplicit", "aten::item",
      "aten::_local_scalar_dense", "aten::upsample_nearest2d", "aten::view_as", "aten::is_same_size",
      "aten::equal", "aten::movedim", "aten::tril", "aten::triu", "aten::unfold", "aten::im2col",
      "aten::reflection_pad2d", "aten::replication_pad2d",
      // between fp32 and int8
      "aten::quantize_per_tensor", "aten::dequantize", "aten::_empty_affine_quantized", "aten::q_scale",
      "aten::q_zero_point", "aten::int_repr", "aten::_make_per_tensor_quantized_tensor"};
  return kNames.contains(name);
}

void add(WeightCount& count, const at::Tensor& weight, const at::Tensor& values) {
  count.params += weight.numel();
  if (weight.dim() < 2) return;
  count.weights += weight.numel();
  count.zero_weights += weight.numel() - values.count_nonzero().item<std::int64_t>();
}

void add_packed(WeightCount& count, const at::Tensor& weight, const c10::optional<at::Tensor>& bias) {
  // Weights are symmetric: the integer 0 is the number 0.
  add(count, weight, weight.int_repr());
  if (bias && bias->defined()) count.params += bias->numel();
}

bool holds_packed(const c10::IValue& value, std::string_view class_name) {
  return value.isObject() && value.toObject()->type()->name() &&
         value.toObject()->type()->name()->name() == class_name;
}

// The floating constants of a frozen graph are what its parameters became. Running statistics never were
// parameters.
void add_constants(WeightCount& count, const torch::jit::Module& module) {
  for (const auto* node : module.get_method("forward").graph()->nodes()) {
    if (node->kind() != c10::prim::Constant || node->outputs().size() != 1) continue;
    const auto value = torch::jit::toIValue(node->output());
    if (!value || !value->isTensor() || !value->toTensor().defined()) continue;
    const auto& tensor = value->toTensor();
    if (!tensor.is_floating_point() || tensor.dim() == 0) continue;
    bool only_statistics = true;
    for (const auto& use : node->output()->uses()) {
      const bool statistic = use.user->kind() == c10::Symbol::fromQualString("aten::batch_norm") &&
                             (use.offset == 3 || use.offset == 4);
      only_statistics = only_statistics && statistic;
    }
    if (!only_statistics) add(count, tensor, tensor);
  }
}

}  // namespace

MacCount count_macs(Model& model, const at::Tensor& input) {
  model.module.eval();
  return count_macs([&] { model.module.forward({input}); });
}

MacCount count_macs(const std::function<void()>& run) {
  const c10::InferenceMode no_gradients;
  const auto calls = record_operators(run);
  MacCount count;
  int counted_depth = -1;  // depth of the operator whose rule already covers what it calls
  for (const auto& call : calls) {
    if (counted_depth >= 0 && call.depth > counted_depth) continue;
    counted_depth = -1;
    auto& cost = count.by_operator[call.name];
    ++cost.calls;
    const auto macs = has_rule(call.name) ? macs_of(call) : std::nullopt;
    if (macs) {
      cost.macs += *macs;
      count.total += *macs;
      counted_depth = call.depth;
    } else if (is_known_free(call.name)) {
      counted_depth = call.depth;
    } else if (!call.is_composite) {
      ++count.without_rule[call.name];
    }
  }
  return count;
}

WeightCount count_weights(const Model& model) {
  const c10::InferenceMode no_gradients;
  WeightCount count;
  for (const auto& parameter : parameters_of(model.module)) add(count, parameter, parameter);
  // A user's frozen file has constants where others have parameters.
  if (model.info.form == "fp32" && count.params > 0) return count;
  for (const auto& attribute : model.module.attributes()) {
    if (holds_packed(attribute, "Conv2dPackedParamsBase")) {
      const auto [weight, bias] = attribute.toCustomClass<ConvPackedParamsBase<2>>()->unpack();
      add_packed(count, weight, bias);
    } else if (holds_packed(attribute, "LinearPackedParamsBase")) {
      const auto [weight, bias] = attribute.toCustomClass<LinearPackedParamsBase>()->unpack();
      add_packed(count, weight, bias);
    }
  }
  add_constants(count, model.module);
  return count;
}

}  // namespace espalier::runner
