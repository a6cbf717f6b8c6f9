// What a container, or whoever started us in a control group, leaves of the machine.
#pragma once

#include <cstdint>
#include <optional>

#include "worker/agent/facts/system_files.hpp"

namespace espalier::agent {

struct CgroupLimits {
  std::optional<std::int64_t> memory_bytes;
  std::optional<std::int64_t> memory_room;  // bytes: what is left of it, file pages that can go not counted
  std::optional<double> cpus;               // processors' worth of time
};

// The smallest limit from our group up to the root; version 2, or version 1 where that is mounted.
CgroupLimits cgroup_limits(const SystemFiles& files);

}  // namespace espalier::agent
