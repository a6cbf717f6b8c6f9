#include "worker/runner/train/inner_channels.hpp"

#include <exception>

namespace espalier::runner {
namespace {

bool is_filter(const torch::Tensor& parameter) {
  return parameter.dim() == 4;
}

bool has_filters(const Model& model) {
  for (const auto& parameter : model.module.parameters())
    if (is_filter(parameter)) return true;
  return false;
}

}  // namespace

InnerChannels::InnerChannels(Model& model, const torch::Tensor& inputs) : model_(model) {
  if (inputs.dim() != 4 || !inputs.is_floating_point() || !has_filters(model)) return;
  lay_out(at::MemoryFormat::ChannelsLast);
  try {
    const torch::NoGradGuard no_grad;
    model_.module.eval();  // no statistics are gathered, no chance is drawn
    model_.module.forward({laid_out(inputs)});
  } catch (const std::exception&) {
    lay_out(at::MemoryFormat::Contiguous);
  }
}

InnerChannels::~InnerChannels() {
  lay_out(at::MemoryFormat::Contiguous);
}

// The parameters stay the same objects: the optimizer and masks hold on to them.
void InnerChannels::lay_out(at::MemoryFormat layout) {
  layout_ = layout;
  const torch::NoGradGuard no_grad;
  for (auto parameter : model_.module.parameters())
    if (is_filter(parameter)) parameter.set_data(parameter.contiguous(layout));
}

}  // namespace espalier::runner
