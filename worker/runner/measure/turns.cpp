#include "worker/runner/measure/turns.hpp"

#include <istream>
#include <ostream>

#include "common/base/json.hpp"
#include "worker/runner/measure/best_form.hpp"
#include "worker/runner/measure/conditions.hpp"
#include "worker/runner/models/example_input.hpp"

namespace espalier::runner {
namespace {

constexpr double kSearchSeconds = 0.3;
constexpr std::uint64_t kImageSeed = 1;

json::array sizes_of_output(Model& model, const at::Tensor& images) {
  const c10::InferenceMode no_gradients;
  json::array sizes;
  for (const auto size : model.module.forward({images}).toTensor().sizes()) sizes.push_back(size);
  return sizes;
}

}  // namespace

void time_in_turns(Model& model, std::int64_t batch, std::istream& requests, std::ostream& answers) {
  const auto images = example_input(model.info, batch, kImageSeed);
  const auto form = best_form(model, images, Precision::fp32, kSearchSeconds);
  json::object ready{{"form", form.name}, {"output", sizes_of_output(model, images)}};
  answers << json::serialize(ready) << std::endl;
  std::int64_t passes = 0;
  while (requests >> passes) {
    json::array seconds;
    for (std::int64_t i = 0; i < passes; ++i) {
      const double begin = thread_cpu_seconds();
      form.run();
      seconds.push_back(thread_cpu_seconds() - begin);
    }
    answers << json::serialize(json::object{{"seconds", std::move(seconds)}}) << std::endl;
  }
}

}  // namespace espalier::runner
