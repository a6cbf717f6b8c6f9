#include "worker/runner/device.hpp"

#include <fstream>

#include "worker/runner/libtorch_version.hpp"

namespace espalier::runner {
namespace {

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("model name")) continue;
    const auto colon = line.find(": ");
    if (colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown cpu";
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
          {"device_class", device_class(1)}};
}

}  // namespace espalier::runner
