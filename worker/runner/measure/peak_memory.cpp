#include "worker/runner/measure/peak_memory.hpp"

#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/torch.h>

#include <chrono>
#include <fstream>
#include <string>
#include <utility>

#include "common/base/child_process.hpp"
#include "common/base/files.hpp"
#include "worker/runner/models/example_input.hpp"
#include "worker/runner/models/model.hpp"

namespace espalier::runner {
namespace {

constexpr int kRuns = 3;

std::optional<confinement::Starter>& outside() {
  static std::optional<confinement::Starter> starter;
  return starter;
}

std::optional<std::string> said_by_fresh_runner(const std::string& model, const std::string& batch) {
  if (outside()) return outside()->run({model, batch});
  const auto program = program_folder() / "espalier-runner";
  if (!std::filesystem::exists(program)) return std::nullopt;
  ChildOptions options;
  options.arguments = {program.string(), "memory", model, batch};
  const auto output = run_to_end(options, kPeakMemoryLimit);
  if (!output || !output->exit.succeeded()) return std::nullopt;
  return output->text;
}

std::optional<std::int64_t> high_water_mark() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    constexpr std::string_view kKey = "VmHWM:";
    if (line.starts_with(kKey)) return std::stoll(line.substr(kKey.size())) * 1024;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> peak_memory_here(const std::filesystem::path& path, std::int64_t batch) {
  const c10::InferenceMode no_gradients;
  const torch::jit::GraphOptimizerEnabledGuard plain(false);
  auto model = load_model(path);
  model.module.eval();
  const auto inputs = example_input(model.info, batch, /*seed=*/1);
  for (int i = 0; i < kRuns; ++i) model.module.forward({inputs});
  return high_water_mark();
}

std::optional<std::int64_t> peak_memory_of(const std::filesystem::path& path, std::int64_t batch) {
  const auto said = said_by_fresh_runner(path.string(), std::to_string(batch));
  const auto bytes = said ? std::strtoll(said->c_str(), nullptr, 10) : 0;
  return bytes > 0 ? std::optional<std::int64_t>(bytes) : std::nullopt;
}

void measure_peak_memory_by(confinement::Starter starter) {
  outside().emplace(std::move(starter));
}

}  // namespace espalier::runner
