// What `benchmark.device` means: on which device classes a trial is measured, and which workers may do so.
#pragma once

#include <string>
#include <vector>

#include "common/job/data_source.hpp"
#include "common/job/document.hpp"
#include "common/job/plan.hpp"

namespace espalier::job {

struct MeasuredOn {
  std::string
      device_class;  // a part of the benchmark's key; the selector as written if no worker matches it yet
  std::size_t target = 0;  // index among the plan's targets: workers of that class
};

// A single device is one class: of those that match it the one with the most workers, so that a job's trials
// can be compared. A list is every class that matches any of it, in its order; what matches nobody yet waits
// for a worker. `device` may be null, `wanted` is what the group asks of all its workers; targets that lack
// are added.
std::vector<MeasuredOn> measured_on(const Node* device, const Target& wanted, Looked& looked,
                                    std::vector<Target>& targets);

// Among `targets`, where it is added if it lacks.
std::size_t place_of(Target target, std::vector<Target>& targets);

}  // namespace espalier::job
