// Rewrites a frozen graph to int8, node by node in its own order. A value is *produced* quantized if the
// operator that makes it gives integers; any other value may be quantized on demand. At the end, whoever
// still wants a produced value as float reads its dequantized copy.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "worker/runner/compress/quantize.hpp"

namespace espalier::runner {

using Parameters = std::unordered_map<const Value*, QuantizationParameters>;

// Values whose range decides a scale: inputs and outputs (after a fused activation) of layers, sums,
// concatenations.
std::vector<Value*> values_to_calibrate(const FrozenNet& net, const std::vector<std::string>& skip);

// `net` is rewritten in place; `parameters` has an entry for every value of values_to_calibrate.
class Int8Rewriter {
 public:
  Int8Rewriter(FrozenNet& net, const QuantizePlan& plan, Parameters parameters);
  QuantizedNet rewrite();

 private:
  struct Quantized {
    Value* value;
    QuantizationParameters parameters;
    bool produced;
  };

  void visit(Node* node);
  bool visit_layer(const Layer& layer);
  bool visit_sum(Node* node);
  bool visit_concatenation(Node* node);
  bool visit_follower(Node* node);

  const Quantized* produced(const Value* value) const;
  Value* quantized_input(Value* value, Node* where);
  // Inserts operator `name` before `where`, giving integers in the scale of `stands_for`, whose place it
  // takes.
  void produce(const char* name, std::vector<Value*> inputs, Value* stands_for, Node* where);
  void hand_out_floats();

  FrozenNet& net_;
  std::shared_ptr<torch::jit::Graph> graph_;
  const QuantizePlan& plan_;
  Parameters parameters_;
  std::unordered_map<const Node*, Layer> layers_;
  std::unordered_map<const Value*, Quantized> quantized_;
  std::vector<Value*> in_order_;  // produced values
  std::vector<Node*> replaced_;
  QuantizedNet result_;
};

}  // namespace espalier::runner
