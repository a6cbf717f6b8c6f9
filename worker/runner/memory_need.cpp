#include "worker/runner/memory_need.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

#include "worker/runner/fields.hpp"

namespace espalier::runner {
namespace {

constexpr std::array<std::string_view, 3> kTrainingStages = {"train", "finetune", "distill"};

std::int64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::int64_t total_pages = 0, resident_pages = 0;
  statm >> total_pages >> resident_pages;
  return resident_pages * ::sysconf(_SC_PAGESIZE);
}

// Numbers that are kept for each parameter besides itself.
std::int64_t kept_by_training(const json::object& settings) {
  constexpr std::int64_t kGradient = 1, kTwoMoments = 2;
  if (text_field(settings, "optimizer", "adamw") != "sgd") return kGradient + kTwoMoments;
  return kGradient + (number_field(settings, "momentum", 0) > 0 ? 1 : 0);
}

}  // namespace

std::int64_t memory_need(const Model& model, const json::object& task_spec) {
  const auto stage = text_field(task_spec, "stage", "");
  const bool trains =
      std::find(kTrainingStages.begin(), kTrainingStages.end(), stage) != kTrainingStages.end();
  if (!trains) return resident_bytes();
  const auto* settings = task_spec.if_contains("settings");
  const auto kept = kept_by_training(settings != nullptr && settings->is_object() ? settings->get_object()
                                                                                  : json::object());
  std::int64_t bytes = 0;
  for (const auto& parameter : trainable_parameters_of(model.module))
    bytes += kept * parameter.numel() * static_cast<std::int64_t>(parameter.element_size());
  return resident_bytes() + bytes;
}

}  // namespace espalier::runner
