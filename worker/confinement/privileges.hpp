// What a process may lose at no cost to its work: powers of root, the way to new ones, a network, and limits
// without end. Each changes the calling process for good. Errors say what the kernel refused.
#pragma once

#include <vector>

#include "common/base/result.hpp"
#include "worker/confinement/fence.hpp"

namespace espalier::confinement {

// An empty network and System V world of its own; as an ordinary user by way of a user namespace. The process
// has one thread.
Result<void> leave_network();

// All capabilities go, in the bounding set too, and no program gives new ones (no_new_privs). With
// `keep_reading`, root keeps the one of reading what belongs to others: data of a user's, which Landlock then
// has to fence.
Result<void> drop_capabilities(bool keep_reading);

// No core dumps, files, memory and threads as the fence says; if memory runs out, the kernel ends this
// process rather than others. Writing a larger file fails with EFBIG instead of a signal.
Result<void> limit_resources(const Fence& fence);

// Those `kept` stay open, and standard error. Standard input is empty, standard output goes where standard
// error goes unless it is kept.
void close_descriptors(std::vector<int> kept);

}  // namespace espalier::confinement
