#include "worker/agent/runner_environment.hpp"

#include <algorithm>
#include <array>

namespace espalier::agent {
namespace {

constexpr std::array<std::string_view, 5> kWhole = {"PATH", "LANG", "TZ", "LD_LIBRARY_PATH", "LD_PRELOAD"};
constexpr std::array<std::string_view, 18> kBeginnings = {
    "LC_",     "OMP_",  "GOMP_", "KMP_",    "MKL_",  "DNNL_", "ONEDNN_",   "OPENBLAS_",    "TORCH_",
    "PYTORCH", "ATEN_", "CUDA_", "NVIDIA_", "ROCR_", "HIP_",  "MIMALLOC_", "FAKE_RUNNER_", "ESPALIER_"};
// With them a parallel region may get fewer threads than it asks for. oneDNN counts on all: the gradients of
// a convolution's weights would be wrong by far, and nothing would say so.
constexpr std::array<std::string_view, 2> kHarmful = {"OMP_THREAD_LIMIT", "OMP_DYNAMIC"};
constexpr std::array<std::string_view, 6> kSecrets = {"TOKEN",  "KEY",      "PASSWORD",
                                                      "SECRET", "DATABASE", "URL"};

}  // namespace

bool is_for_runners(std::string_view name) {
  if (std::find(kHarmful.begin(), kHarmful.end(), name) != kHarmful.end()) return false;
  if (std::find(kWhole.begin(), kWhole.end(), name) != kWhole.end()) return true;
  if (name.ends_with("SAN_OPTIONS")) return true;
  const auto contains = [name](std::string_view part) { return name.find(part) != std::string_view::npos; };
  const auto begins = [name](std::string_view part) { return name.starts_with(part); };
  return std::any_of(kBeginnings.begin(), kBeginnings.end(), begins) &&
         std::none_of(kSecrets.begin(), kSecrets.end(), contains);
}

}  // namespace espalier::agent
