#include "worker/runner/measure/onednn_layer.hpp"

#include <torch/custom_class.h>
#include <torch/library.h>

#include "worker/runner/measure/packed_layer.hpp"

namespace espalier::runner {

// What the graph holds.
class OnednnLayer : public torch::CustomClassHolder {
 public:
  explicit OnednnLayer(const FusedLayer& fused);
  [[nodiscard]] at::Tensor run(const at::Tensor& x, const at::Tensor& added, bool in_place) const;

 private:
  using Pointer = c10::intrusive_ptr<OnednnLayer>;

  static Pointer from(const c10::IValue& layer);
  static const PackedLayer* packed_of(const Pointer& layer) { return layer ? &layer->packed_ : nullptr; }
  [[nodiscard]] at::Tensor in_known_layout(const at::Tensor& x, const std::vector<std::int64_t>& sizes,
                                           const Pointer& from) const;

  at::MemoryFormat format_;
  std::vector<std::int64_t> input_sizes_, result_sizes_;
  bool keeps_layout_;
  // Layers whose own layout is read here; shared with the graph that runs them.
  Pointer input_from_, added_from_;
  PackedLayer packed_;
};

OnednnLayer::Pointer OnednnLayer::from(const c10::IValue& layer) {
  return layer.isObject() ? layer.toCustomClass<OnednnLayer>() : Pointer();
}

OnednnLayer::OnednnLayer(const FusedLayer& fused)
    : format_(fused.layer.is_convolution ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous),
      input_sizes_(fused.input_sizes),
      result_sizes_(fused.input_sizes),
      keeps_layout_(fused.keeps_layout),
      input_from_(from(fused.input_from)),
      added_from_(from(fused.added_from)),
      packed_(PackedLayer::fastest(fused, packed_of(input_from_), packed_of(added_from_))) {
  if (fused.layer.is_convolution) {
    result_sizes_ = product_shapes_of(fused.layer, fused.input_sizes).front().result;
  } else {
    result_sizes_.back() = fused.layer.weight.size(0);
  }
}

at::Tensor OnednnLayer::in_known_layout(const at::Tensor& x, const std::vector<std::int64_t>& sizes,
                                        const Pointer& from) const {
  if (from) return x;
  TORCH_CHECK(x.sizes() == sizes, "a layer packed for ", sizes, " was given ", x.sizes());
  return x.contiguous(format_);
}

namespace {

// Plain values that convolutions passed to each other without a shape.
at::Tensor as_images(const at::Tensor& values, const std::vector<std::int64_t>& sizes) {
  return values.view({sizes.at(0), sizes.at(2), sizes.at(3), sizes.at(1)}).permute({0, 3, 1, 2});
}

}  // namespace

at::Tensor OnednnLayer::run(const at::Tensor& x, const at::Tensor& added, bool in_place) const {
  const auto input = in_known_layout(x, input_sizes_, input_from_);
  const auto residual = added.defined() ? in_known_layout(added, result_sizes_, added_from_) : added;
  at::Tensor output;
  if (in_place && packed_.output_lies_like_added()) {
    output = added_from_ && !keeps_layout_ ? as_images(residual, result_sizes_) : residual;
  } else {
    output = keeps_layout_ ? packed_.memory_for_output() : at::empty(result_sizes_, x.options(), format_);
  }
  packed_.run(input.data_ptr<float>(), residual.defined() ? residual.data_ptr<float>() : nullptr,
              output.data_ptr<float>());
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
