// Landlock: from here on the calling thread, and those it starts, open only files below what is allowed.
// By raw system calls; what an older kernel doesn't know of it is left out.
#pragma once

#include "common/base/result.hpp"
#include "worker/confinement/fence.hpp"

namespace espalier::confinement {

// Of the kernel's interface; 0 if there is none (too old, or switched off).
int landlock_version();

// Paths that don't exist are left out. The caller has no other thread and can't gain privileges any more
// (no_new_privs). The error says what the kernel refused.
Result<void> restrict_files(const Fence& fence);

}  // namespace espalier::confinement
