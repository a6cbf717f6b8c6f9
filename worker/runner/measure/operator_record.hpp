// Every operator that a piece of code runs, in the order of its calls, with its nesting: LibTorch's
// RecordFunction on the calling thread.
#pragma once

#include <ATen/core/ivalue.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace espalier::runner {

struct OperatorCall {
  std::string name;  // "aten::conv2d"
  std::vector<c10::IValue> inputs;
  std::vector<c10::IValue> outputs;
  int depth = 0;              // 0: called by the graph; deeper: called by another operator
  bool is_composite = false;  // made of other operators that are recorded too, without work of its own
};

// The calls of `run`, in the order in which they began.
std::vector<OperatorCall> record_operators(const std::function<void()>& run);

}  // namespace espalier::runner
