// The stage `prune`: weights set to zero, and the masks that keep them there while the net is fine-tuned.
#include <fmt/format.h>
#include <torch/torch.h>

#include "common/base/log.hpp"
#include "worker/runner/compress/prune_masks.hpp"
#include "worker/runner/fields.hpp"
#include "worker/runner/output_file.hpp"
#include "worker/runner/refuse.hpp"
#include "worker/runner/task.hpp"

namespace espalier::runner {
namespace {

PruneMethod method_from(const std::string& name) {
  if (name == "l1_unstructured") return PruneMethod::l1_unstructured;
  if (name == "random_unstructured") return PruneMethod::random_unstructured;
  refuse("prune.method \"" + name + "\" is not one this runner knows",
         "use l1_unstructured or random_unstructured");
}

LayerType type_from(const std::string& name) {
  if (name == "conv2d") return LayerType::conv2d;
  if (name == "linear") return LayerType::linear;
  refuse("a rule of prune.rules has the type \"" + name + "\"", "use conv2d or linear");
}

double amount_from(const json::object& fields, const std::string& where) {
  const double amount = number_field(fields, "amount", 0);
  if (!(amount >= 0 && amount <= 1))
    refuse(fmt::format("{}.amount is {}", where, amount), "use a part from 0 to 1");
  return amount;
}

PruneRule rule_from(const json::value& value) {
  if (!value.is_object())
    refuse("an entry of prune.rules is not a table", "write { match = \"conv*\", amount = 0.2 }");
  const auto& fields = value.as_object();
  PruneRule rule;
  rule.match = text_field(fields, "match", "*");
  if (has_field(fields, "type")) rule.type = type_from(text_field(fields, "type", ""));
  if (has_field(fields, "amount")) rule.amount = amount_from(fields, "prune.rules");
  if (has_field(fields, "method")) rule.method = method_from(text_field(fields, "method", ""));
  return rule;
}

PrunePlan plan_from(const json::object& fields) {
  PrunePlan plan;
  plan.method = method_from(text_field(fields, "method", "l1_unstructured"));
  const auto scope = text_field(fields, "scope", "layer");
  if (scope != "layer" && scope != "global")
    refuse("prune.scope is \"" + scope + "\"", "use layer or global");
  plan.scope = scope == "global" ? PruneScope::global : PruneScope::layer;
  plan.amount = amount_from(fields, "prune");
  if (has_field(fields, "parameters")) plan.roles = texts_field(fields, "parameters");
  if (has_field(fields, "rules")) {
    if (!fields.at("rules").is_array())
      refuse("prune.rules is not a list", "write rules = [{ match = \"conv*\" }]");
    for (const auto& rule : fields.at("rules").as_array()) plan.rules.push_back(rule_from(rule));
  }
  return plan;
}

// A plain dict of path to bool tensor, as Python's torch.load reads it too.
void write_masks(const std::vector<Mask>& masks, const std::filesystem::path& path) {
  c10::Dict<std::string, at::Tensor> by_path;
  for (const auto& mask : masks) by_path.insert(mask.path, mask.keep);
  const auto bytes = torch::pickle_save(by_path);
  write_output(path, {bytes.data(), bytes.size()});
}

}  // namespace

TaskOutcome run_prune(TaskContext& task) {
  const auto plan = plan_from(settings_of(task));
  auto model = model_of(task);
  if (model.info.form != "fp32") {
    refuse("an int8 model can't be pruned", "put \"prune\" before \"quantize\" in the pipeline");
  }
  const auto parameters = prunable_parameters(model.module);
  const auto masks = masks_for(parameters, plan, seed_of(task));
  if (masks.empty()) {
    throw ErrorException({ErrorKind::failed,
                          "the model has no convolution or linear layer whose parameters can be pruned",
                          "parameters have to be attributes of the module, not constants of a frozen graph"});
  }
  std::int64_t pruned = 0;
  {
    const torch::NoGradGuard no_gradients;
    std::map<std::string, at::Tensor> values;
    for (const auto& parameter : parameters) values.emplace(parameter.path, parameter.values);
    for (const auto& mask : masks) {
      values.at(mask.path).mul_(mask.keep);
      const auto dropped = mask.keep.numel() - mask.keep.count_nonzero().item<std::int64_t>();
      pruned += dropped;
      log::info("{}: {} of {} pruned", mask.path, dropped, mask.keep.numel());
    }
  }
  const auto model_path = task.folder / "model.pt";
  const auto masks_path = task.folder / "masks.pt";
  save_model(model, model_path);
  write_masks(masks, masks_path);
  task.progress(1.0, fmt::format("{} weights pruned", pruned), {});
  Metric metric;
  metric.name = "pruned_weights";
  metric.value = static_cast<double>(pruned);
  return {{metric}, {{"model", model_path}, {"masks", masks_path}}};
}

}  // namespace espalier::runner
