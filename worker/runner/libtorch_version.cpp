#include "worker/runner/libtorch_version.hpp"

#include <ATen/Context.h>
#include <ATen/Version.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/result.hpp"

namespace espalier::runner {
namespace {

struct NamedEngine {
  const char* name;
  at::QEngine engine;
};

// Best first on the machines each is made for.
constexpr std::array kEngines = {
    NamedEngine{"onednn", at::QEngine::ONEDNN},
#if ESPALIER_TORCH_AT_LEAST(2, 0)
    NamedEngine{"x86", at::QEngine::X86},
#endif
    NamedEngine{"fbgemm", at::QEngine::FBGEMM},
    NamedEngine{"qnnpack", at::QEngine::QNNPACK},
};

bool supports(at::QEngine engine) {
  const auto& all = at::globalContext().supportedQEngines();
  return std::find(all.begin(), all.end(), engine) != all.end();
}

}  // namespace

std::string libtorch_version() {
  return std::to_string(TORCH_VERSION_MAJOR) + "." + std::to_string(TORCH_VERSION_MINOR) + "." +
         std::to_string(TORCH_VERSION_PATCH);
}

std::vector<std::string> quantized_engines() {
  std::vector<std::string> names;
  for (const auto& candidate : kEngines)
    if (supports(candidate.engine)) names.emplace_back(candidate.name);
  return names;
}

std::string select_quantized_engine(const std::string& name) {
  for (const auto& candidate : kEngines) {
    if ((name != "auto" && name != candidate.name) || !supports(candidate.engine)) continue;
    at::globalContext().setQEngine(candidate.engine);
    return candidate.name;
  }
  std::string known;
  for (const auto& engine : quantized_engines()) known += (known.empty() ? "" : ", ") + engine;
  throw ErrorException(
      Error{ErrorKind::failed,
            "this worker's LibTorch " + libtorch_version() + " has no quantized engine \"" + name + "\"",
            "it has: " + known});
}

std::string vector_isa() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512vnni")) return "avx512_vnni";
  if (__builtin_cpu_supports("avx512f")) return "avx512";
  if (__builtin_cpu_supports("avx2")) return "avx2";
  return "default";
#elif defined(__aarch64__)
  return "neon";
#else
  return "default";
#endif
}

}  // namespace espalier::runner
