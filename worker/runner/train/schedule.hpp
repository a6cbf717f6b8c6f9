// The learning rate of each step.
#pragma once

#include <cstdint>
#include <string>

namespace espalier::runner {

enum class ScheduleKind { constant, step, cosine };

struct Schedule {
  ScheduleKind kind = ScheduleKind::constant;
  double highest = 0;             // learning_rate
  std::int64_t steps = 1;         // of the whole training
  std::int64_t warmup_steps = 0;  // linear from highest / warmup_steps to highest
};

ScheduleKind schedule_kind_from(const std::string& name);  // throws ErrorException for another name

// `step` counts from 0. step: a tenth from half of the steps after warm-up on, a hundredth from three
// quarters on (the places of He et al. 2015 for CIFAR). cosine: to 0 (Loshchilov and Hutter 2016, without
// restarts).
double learning_rate_at(const Schedule& schedule, std::int64_t step);

}  // namespace espalier::runner
