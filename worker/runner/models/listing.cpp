#include "worker/runner/models/listing.hpp"

#include "common/job/catalogue.hpp"
#include "worker/runner/data/dataset.hpp"
#include "worker/runner/measure/macs.hpp"
#include "worker/runner/models/model.hpp"

namespace espalier::runner {
namespace {

DataShape home_of(const job::ModelEntry& entry) {
  if (entry.family == "mobilenet") return {{3, 224, 224}, 1000};
  if (entry.family == "resnet") return {{3, 32, 32}, 10};
  return {{1, 28, 28}, 10};
}

}  // namespace

json::array list_zoo() {
  json::array list;
  torch::NoGradGuard no_grad;
  for (const auto& entry : job::models()) {
    const auto home = home_of(entry);
    auto model = make_zoo_model({{"name", entry.name}}, home.input_shape, home.classes, /*seed=*/1);
    const auto image = torch::zeros({1, home.input_shape[0], home.input_shape[1], home.input_shape[2]});
    list.push_back({{"name", entry.name},
                    {"family", entry.family},
                    {"params", count_parameters(model)},
                    {"macs", count_macs(model, image).total},
                    {"input", json::value_from(home.input_shape)}});
  }
  return list;
}

}  // namespace espalier::runner
