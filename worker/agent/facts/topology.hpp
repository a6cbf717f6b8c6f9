// Cores, caches and NUMA nodes that this process may use, as hwloc finds them.
#pragma once

#include <cstdint>
#include <optional>

#include "worker/agent/facts/system_files.hpp"

namespace espalier::agent {

struct Topology {
  std::optional<int> cores;  // physical
  std::optional<int> threads;
  std::optional<int> numa_nodes;
  std::optional<std::int64_t> l1d, l2, l3;  // bytes of one such cache, the largest where they differ
};

// Of another root's files it takes what they say alone, without asking this machine's processor.
Topology topology_of(const SystemFiles& files);

}  // namespace espalier::agent
