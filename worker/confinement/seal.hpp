// Everything that can be had of a fence, at once and for good, by the process that will execute a model:
// after its libraries are loaded, before it has read a word of somebody else's.
#pragma once

#include <vector>

#include "common/base/result.hpp"
#include "worker/confinement/fence.hpp"
#include "worker/confinement/protection.hpp"

namespace espalier::confinement {

// All but `cgroup`, which only the process outside can give. Never fails: what can't be had on this host is
// told. The process has one thread; with more, Landlock would hold only one of them and isn't claimed.
// Of its descriptors those `kept` stay open, and standard error, which standard output joins unless it is
// kept; standard input becomes empty.
std::vector<Protection> seal(const Fence& fence, std::vector<int> kept);

// The same in a child that ends at once: what a sealed process would have on this host. Not while this
// process has other threads.
Result<std::vector<Protection>> probe();

}  // namespace espalier::confinement
