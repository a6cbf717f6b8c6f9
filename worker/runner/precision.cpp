#include "worker/runner/precision.hpp"

#include <ATen/autocast_mode.h>

#include "worker/runner/libtorch_version.hpp"
#include "worker/runner/refuse.hpp"

namespace espalier::runner {
namespace {

void set_bf16(bool enabled) {
#if ESPALIER_TORCH_AT_LEAST(2, 4)
  at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
  at::autocast::set_autocast_enabled(at::kCPU, enabled);
#else
  at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
  at::autocast::set_cpu_enabled(enabled);
#endif
}

}  // namespace

Precision precision_from(const std::string& name, const std::string& key) {
  if (name == "fp32") return Precision::fp32;
  if (name == "bf16") return Precision::bf16;
  refuse(key + " is \"" + name + "\"", "use \"fp32\" or \"bf16\"");
}

Arithmetic::Arithmetic(Precision precision) : precision_(precision) {
  if (precision_ == Precision::bf16) set_bf16(true);
}

Arithmetic::~Arithmetic() {
  if (precision_ != Precision::bf16) return;
  set_bf16(false);
  at::autocast::clear_cache();
}

}  // namespace espalier::runner
