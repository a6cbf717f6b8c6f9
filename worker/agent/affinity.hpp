// Which processors a slot's runner works on: those of one NUMA node, so that its memory, which is had where
// it is first touched, is near. Decided from values but for `nodes_of` and `run_on`.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

#include "worker/agent/facts/system_files.hpp"

namespace espalier::agent {

using Processors = std::vector<int>;  // by number; empty: as it is

// Of each node those that this process may use; nodes without are left out. Reads /sys.
std::vector<Processors> nodes_of(const SystemFiles& files);

Processors own_processors();  // that this process may use

// For each slot a node's, as many slots on a node as it has processors' worth of. Empty ones with a single
// node, or with fewer slots than nodes: then a slot is worth more than a node.
std::vector<Processors> places(const std::vector<Processors>& nodes, std::size_t slots);

// All threads of that process; what the kernel refuses changes nothing.
void run_on(pid_t process, const Processors& processors);

}  // namespace espalier::agent
