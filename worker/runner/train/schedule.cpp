#include "worker/runner/train/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "common/base/result.hpp"

namespace espalier::runner {

ScheduleKind schedule_kind_from(const std::string& name) {
  if (name == "constant") return ScheduleKind::constant;
  if (name == "step") return ScheduleKind::step;
  if (name == "cosine") return ScheduleKind::cosine;
  throw ErrorException(
      Error{ErrorKind::invalid_job, "unknown schedule \"" + name + "\"", "choose constant, step or cosine"});
}

double learning_rate_at(const Schedule& schedule, std::int64_t step) {
  if (step < schedule.warmup_steps)
    return schedule.highest * static_cast<double>(step + 1) / static_cast<double>(schedule.warmup_steps);
  const auto rest = std::max<std::int64_t>(1, schedule.steps - schedule.warmup_steps);
  const auto done =
      std::min(1.0, static_cast<double>(step - schedule.warmup_steps) / static_cast<double>(rest));
  switch (schedule.kind) {
    case ScheduleKind::constant:
      return schedule.highest;
    case ScheduleKind::step:
      return schedule.highest * (done < 0.5 ? 1.0 : done < 0.75 ? 0.1 : 0.01);
    case ScheduleKind::cosine:
      return schedule.highest * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
  }
  return schedule.highest;
}

}  // namespace espalier::runner
