#include "worker/runner/measure/operator_record.hpp"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/record_function.h>

#include <algorithm>

namespace espalier::runner {
namespace {

struct Recording {
  std::vector<OperatorCall> calls;
  std::vector<std::size_t> open;  // indices in calls, outermost first
};

// Callbacks are plain function pointers: what they write to has to be reachable without a capture.
thread_local Recording* current = nullptr;

struct Opened : at::ObserverContext {
  explicit Opened(std::size_t at) : index(at) {}
  std::size_t index;
};

c10::optional<c10::OperatorHandle> operator_of(const at::RecordFunction& function) {
  const auto name = function.operator_name();
  return name ? c10::Dispatcher::singleton().findSchema(*name) : c10::nullopt;
}

bool is_composite(const c10::optional<c10::OperatorHandle>& handle) {
  return handle && handle->hasKernelForDispatchKey(c10::DispatchKey::CompositeImplicitAutograd);
}

// Operators called through a stack report all that lies on it: their own values are the topmost.
template <class Values>
std::vector<c10::IValue> topmost(const Values& values, std::size_t count) {
  const auto own = std::min(count, values.size());
  // Not in braces: IValues could be made of the iterators themselves.
  return std::vector<c10::IValue>(values.end() - static_cast<std::ptrdiff_t>(own), values.end());
}

std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
  if (current == nullptr) return nullptr;
  auto& recording = *current;
  OperatorCall call;
  call.name = function.name();
  const auto handle = operator_of(function);
  const auto inputs = function.inputs();
  call.inputs = topmost(inputs, handle ? handle->schema().arguments().size() : inputs.size());
  call.is_composite = is_composite(handle);
  call.depth = static_cast<int>(recording.open.size());
  recording.open.push_back(recording.calls.size());
  recording.calls.push_back(std::move(call));
  return std::make_unique<Opened>(recording.calls.size() - 1);
}

void end(const at::RecordFunction& function, at::ObserverContext* context) {
  if (current == nullptr || context == nullptr) return;
  auto& call = current->calls[static_cast<Opened*>(context)->index];
  const auto handle = operator_of(function);
  const auto& outputs = function.outputs();
  call.outputs = topmost(outputs, handle ? handle->schema().returns().size() : outputs.size());
  current->open.pop_back();
}

class Listening {
 public:
  explicit Listening(Recording& recording) {
    current = &recording;
    handle_ = at::addThreadLocalCallback(at::RecordFunctionCallback(begin, end)
                                             .needsInputs(true)
                                             .needsOutputs(true)
                                             .scopes({at::RecordScope::FUNCTION}));
  }
  ~Listening() {
    at::removeCallback(handle_);
    current = nullptr;
  }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

 private:
  at::CallbackHandle handle_;
};

}  // namespace

std::vector<OperatorCall> record_operators(const std::function<void()>& run) {
  Recording recording;
  {
    const Listening listening(recording);
    run();
  }
  return std::move(recording.calls);
}

}  // namespace espalier::runner
