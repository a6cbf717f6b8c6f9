#include "common/job/effort.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace espalier::job {
namespace {

// What decides how long a step takes. Learning rates, seeds and temperatures don't.
constexpr std::string_view kDecisive[] = {"batch_size", "precision", "optimizer",
                                          "method",     "observer",  "engine"};

std::uint64_t fnv1a(std::string_view text, std::uint64_t hash) {
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001b3ULL;
  return hash;
}

// A count of samples; all of them are one unit.
double count_in(const json::object& settings, std::string_view name) {
  const auto* value = settings.if_contains(name);
  return value != nullptr && value->is_number() ? std::max(value->to_number<double>(), 1e-9) : 1;
}

}  // namespace

Effort effort_of(Stage stage, const json::object& spec, const json::object& model, const json::object& data) {
  const auto* found = spec.if_contains("settings");
  const json::object none;
  const json::object& settings = found != nullptr ? found->as_object() : none;
  std::uint64_t kind = fnv1a(to_string(stage), 0xcbf29ce484222325ULL);
  kind = fnv1a(json::serialize(model), kind);
  for (const std::string_view name : kDecisive) {
    const auto* value = settings.if_contains(name);
    if (value != nullptr) kind = fnv1a(json::serialize(*value), kind);
  }
  for (const auto& [name, value] : data) {
    const bool is_count = name == "train_samples" || name == "val_samples";
    kind = fnv1a(is_count ? (value.is_number() ? "some" : "all") : json::serialize(value), kind);
  }
  double work = 1;
  switch (stage) {
    case Stage::train:
    case Stage::distill:
    case Stage::finetune:
      work = count_in(settings, "epochs") * count_in(data, "train_samples");
      break;
    case Stage::teacher_logits:
      work = count_in(data, "train_samples");
      break;
    case Stage::evaluate:
      work = count_in(data, "val_samples");
      break;
    case Stage::prune:
    case Stage::quantize:
    case Stage::benchmark:
      break;
  }
  return {kind == 0 ? 1 : kind, work};
}

}  // namespace espalier::job
