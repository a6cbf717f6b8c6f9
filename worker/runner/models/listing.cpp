#include "worker/runner/models/listing.hpp"

#include "common/job/catalogue.hpp"
#include "worker/runner/measure/macs.hpp"
#include "worker/runner/models/net.hpp"

namespace espalier::runner {
namespace {

json::object counted(const job::ModelEntry& entry) {
  const auto& [channels, side, classes] = entry.reference;
  const auto net = make_net({{"name", entry.name}}, {channels, side, side, classes}, /*seed=*/1);
  net->eval();
  std::int64_t params = 0;
  for (const auto& parameter : net->parameters()) params += parameter.numel();
  const auto image = torch::zeros({1, channels, side, side});
  return {{"name", entry.name},
          {"family", entry.family},
          {"params", params},
          {"macs", count_macs([&] { net->forward(image); }).total},
          {"input", {channels, side, side}}};
}

}  // namespace

json::array list_zoo(const std::function<void(std::string_view, std::size_t, std::size_t)>& on_net) {
  json::array list;
  for (const auto& entry : job::models()) {
    on_net(entry.name, list.size() + 1, job::models().size());
    list.push_back(counted(entry));
  }
  return list;
}

}  // namespace espalier::runner
