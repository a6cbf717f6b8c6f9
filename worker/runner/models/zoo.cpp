#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "common/job/catalogue.hpp"
#include "worker/runner/fields.hpp"
#include "worker/runner/models/model.hpp"
#include "worker/runner/models/net.hpp"
#include "worker/runner/models/state_dict.hpp"
#include "worker/runner/models/trace.hpp"
#include "worker/runner/refuse.hpp"

namespace espalier::runner {
namespace {

using Builder = std::shared_ptr<Net> (*)(std::string_view, const NetShape&, const Scale&);

struct Scalable {
  std::string_view name;
  Builder make;
};
constexpr std::array kScalable = {
    Scalable{"resnet8", make_cifar_resnet},
    Scalable{"resnet20", make_cifar_resnet},
    Scalable{"resnet32", make_cifar_resnet},
    Scalable{"resnet44", make_cifar_resnet},
    Scalable{"resnet56", make_cifar_resnet},
    Scalable{"resnet110", make_cifar_resnet},
    Scalable{"wrn_16_4", make_cifar_wide_resnet},
    Scalable{"wrn_28_10", make_cifar_wide_resnet},
    Scalable{"wrn_40_2", make_cifar_wide_resnet},
    Scalable{"resnet18", make_resnet},
    Scalable{"resnet34", make_resnet},
    Scalable{"resnet50", make_resnet},
    Scalable{"resnet101", make_resnet},
    Scalable{"wide_resnet50_2", make_resnet},
    Scalable{"vgg11_bn", make_vgg},
    Scalable{"mobilenet_v2", make_mobilenet_v2},
    Scalable{"mobilenet_v3_small", make_mobilenet_v3},
    Scalable{"mobilenet_v3_large", make_mobilenet_v3},
    Scalable{"efficientnet_b0", make_efficientnet},
    Scalable{"efficientnet_b1", make_efficientnet},
    Scalable{"efficientnet_b2", make_efficientnet},
    Scalable{"efficientnet_b3", make_efficientnet},
    Scalable{"efficientnet_b4", make_efficientnet},
    Scalable{"efficientnet_b5", make_efficientnet},
    Scalable{"convnext_tiny", make_convnext},
    Scalable{"swin_t", make_swin},
    Scalable{"vit_b_16", make_vision_transformer},
};

std::map<std::string, double> parameters_of(const job::ModelEntry& entry, const json::object& spec) {
  std::map<std::string, double> values;
  for (const auto& parameter : entry.parameters) {
    const auto value = number_field(spec, parameter.name, parameter.fallback);
    if (value < parameter.low || value > parameter.high || (parameter.integer && std::trunc(value) != value))
      refuse("model." + std::string(parameter.name) + " = " + json::serialize(json::value(value)) +
                 " is not possible",
             std::string(parameter.meaning));
    values.emplace(parameter.name, value);
  }
  return values;
}

std::shared_ptr<Net> make_checked_vit(const NetShape& shape, const std::map<std::string, double>& values) {
  const auto whole = [&](const char* name) { return static_cast<std::int64_t>(values.at(name)); };
  const auto dim = whole("dim"), heads = whole("heads"), patch = whole("patch");
  if (dim % heads != 0)
    refuse("vit: dim = " + std::to_string(dim) + " is not a multiple of heads = " + std::to_string(heads),
           "choose model.dim as a multiple of model.heads");
  if (shape.height % patch != 0 || shape.width % patch != 0)
    refuse("vit: patches of " + std::to_string(patch) + " pixels don't divide an image of " +
               std::to_string(shape.height) + "x" + std::to_string(shape.width),
           "choose model.patch as a divisor of the image's side, or set data.resize");
  return make_vit(shape, dim, whole("depth"), heads, patch);
}

// An mlp takes any shape as a row of numbers; all others are nets for images.
NetShape net_shape_of(const json::object& model_spec, const std::vector<std::int64_t>& input_shape,
                      std::int64_t classes) {
  if (input_shape.size() == 3) return {input_shape[0], input_shape[1], input_shape[2], classes};
  const auto name = text_field(model_spec, "name", "");
  const auto shape = json::serialize(json::value_from(input_shape));
  if (name != "mlp")
    refuse(name + " takes images [channels, height, width], and the data's inputs are " + shape,
           "choose name = \"mlp\", or bring your own net as TorchScript with `file`");
  std::int64_t numbers = 1;
  for (const auto size : input_shape) numbers *= size;
  return {1, 1, numbers, classes};
}

}  // namespace

std::int64_t scaled(std::int64_t channels, double factor) {
  return std::max<std::int64_t>(1, std::llround(static_cast<double>(channels) * factor));
}

std::int64_t scaled_to_eights(std::int64_t channels, double factor) {
  const auto exact = static_cast<double>(channels) * factor;
  const auto nearest = std::max<std::int64_t>(8, static_cast<std::int64_t>(exact + 4.0) / 8 * 8);
  return static_cast<double>(nearest) < 0.9 * exact ? nearest + 8 : nearest;
}

std::shared_ptr<Net> make_net(const json::object& model_spec, const NetShape& shape, std::int64_t seed) {
  const auto name = text_field(model_spec, "name", "");
  const auto* entry = job::find_model(name);
  if (entry == nullptr) refuse("unknown model \"" + name + "\"", "`espalier models` lists the zoo");
  if (shape.smallest_side() < entry->smallest_side)
    refuse(name + " needs images of at least " + std::to_string(entry->smallest_side) +
               " pixels a side, these have " + std::to_string(shape.smallest_side()),
           "set data.resize");
  if (shape.height % entry->side_multiple != 0 || shape.width % entry->side_multiple != 0)
    refuse(name + ": patches of " + std::to_string(entry->side_multiple) +
               " pixels don't divide an image of " + std::to_string(shape.height) + "x" +
               std::to_string(shape.width),
           "set data.resize to a multiple of " + std::to_string(entry->side_multiple));
  const auto values = parameters_of(*entry, model_spec);
  torch::manual_seed(static_cast<std::uint64_t>(seed));
  if (name == "lenet5") return make_lenet5(shape, values.at("width"));
  if (name == "mlp")
    return make_mlp(shape, values.at("width"), static_cast<std::int64_t>(values.at("depth")));
  if (name == "vit") return make_checked_vit(shape, values);
  const auto builder = std::find_if(kScalable.begin(), kScalable.end(),
                                    [&](const Scalable& scalable) { return scalable.name == name; });
  ESPALIER_ASSERT(builder != kScalable.end());
  return builder->make(name, shape, {values.at("width"), values.at("depth")});
}

Model make_zoo_model(const json::object& model_spec, const std::vector<std::int64_t>& input_shape,
                     std::int64_t classes, std::int64_t seed, const std::filesystem::path& weights) {
  auto net = make_net(model_spec, net_shape_of(model_spec, input_shape, classes), seed);
  const auto name = text_field(model_spec, "name", "");
  if (!weights.empty())
    load_state(*net, read_state_dict(weights), name + " with " + std::to_string(classes) + " classes");
  Model model{trace(*net, input_shape), {}};
  model.info.input_shape = input_shape;
  model.info.classes = classes;
  model.info.name = name;
  return model;
}

}  // namespace espalier::runner
