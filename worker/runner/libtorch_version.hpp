// Where LibTorch 1.13 to 2.6 differ, and what of it this machine offers.
#pragma once

#include <torch/version.h>

#include <string>
#include <vector>

namespace espalier::runner {

#define ESPALIER_TORCH_AT_LEAST(major, minor) \
  (TORCH_VERSION_MAJOR > (major) || (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

// "1.13.1"
std::string libtorch_version();

// Quantized engines of this LibTorch, best first, as the job file spells them: "onednn", "x86", "fbgemm",
// "qnnpack".
std::vector<std::string> quantized_engines();

// Makes `name` the process's engine; "auto" takes the best. Returns the engine's name. Throws ErrorException
// if this LibTorch lacks it.
std::string select_quantized_engine(const std::string& name);

// "avx2", "avx512", "avx512_vnni", "neon" or "default": the widest vector instructions ATen's kernels use
// here.
std::string vector_isa();

}  // namespace espalier::runner
