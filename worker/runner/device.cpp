#include "worker/runner/device.hpp"

#include "common/base/cpu_model.hpp"
#include "common/base/files.hpp"
#include "worker/runner/libtorch_version.hpp"

extern "C" int mi_version(void) __attribute__((weak));  // there if mimalloc is linked

namespace espalier::runner {
namespace {

std::string cpu_model() {
  const auto text = read_file("/proc/cpuinfo");
  auto model = text ? cpu_model_in(*text) : std::string();
  return model.empty() ? "unknown cpu" : model;
}

// Whichever serves this process's malloc.
const char* allocator() {
  return &mi_version != nullptr ? "mimalloc" : "system";
}

}  // namespace

std::string device_class(int threads) {
  return "cpu|" + cpu_model() + "|" + vector_isa() + "|t" + std::to_string(threads) + "|libtorch " +
         libtorch_version();
}

json::object hello_facts() {
  return {{"libtorch", libtorch_version()},
          {"engines", json::value_from(quantized_engines())},
          {"isa", vector_isa()},
          {"device_class", device_class(1)},
          {"allocator", allocator()},
          {"device", "cpu"},
          {"device_names", json::array{cpu_model()}}};
}

}  // namespace espalier::runner
