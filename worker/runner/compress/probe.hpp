// Looks into a frozen net while it runs: intermediate values as further outputs of a copy of its graph.
#pragma once

#include <torch/csrc/jit/runtime/graph_executor.h>

#include <vector>

#include "worker/runner/compress/frozen_graph.hpp"

namespace espalier::runner {

class Probe {
 public:
  // `values`: tensors of the graph's top level. The net is as it was afterwards; later changes to it don't
  // matter.
  Probe(FrozenNet& net, const std::vector<Value*>& values);

  // The values for this input, in the order given.
  [[nodiscard]] std::vector<at::Tensor> look(const at::Tensor& input);

 private:
  torch::jit::GraphExecutor executor_;
  c10::IValue self_;
  std::size_t first_;
};

}  // namespace espalier::runner
