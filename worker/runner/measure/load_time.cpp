#include "worker/runner/measure/load_time.hpp"

#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/torch.h>

#include "worker/runner/measure/conditions.hpp"
#include "worker/runner/models/example_input.hpp"
#include "worker/runner/models/model.hpp"

namespace espalier::runner {
namespace {

constexpr std::size_t kFewestLoads = 3;
constexpr std::size_t kMostLoads = 9;
constexpr double kLoadBudgetSeconds = 1;

double seconds_to_first_answer(const std::filesystem::path& path, const at::Tensor& input) {
  const double start = monotonic_seconds();
  auto model = load_model(path);
  model.module.eval();
  model.module.forward({input});
  return monotonic_seconds() - start;
}

}  // namespace

std::vector<double> load_times(const std::filesystem::path& path, std::int64_t batch) {
  const c10::InferenceMode no_gradients;
  const torch::jit::GraphOptimizerEnabledGuard plain(false);
  const auto input = example_input(load_model(path).info, batch, /*seed=*/1);
  seconds_to_first_answer(path, input);
  std::vector<double> times;
  double spent = 0;
  while (times.size() < kFewestLoads || (times.size() < kMostLoads && spent < kLoadBudgetSeconds)) {
    times.push_back(seconds_to_first_answer(path, input));
    spent += times.back();
  }
  return times;
}

}  // namespace espalier::runner
