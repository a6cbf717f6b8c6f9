// Seccomp: system calls that executing a model never needs answer "not permitted" from here on, in every
// thread of the process.
#pragma once

#include "common/base/result.hpp"

namespace espalier::confinement {

// The caller can't gain privileges any more (no_new_privs). The process keeps its id: it isn't to fork
// between this and its end, which it then can't. The error says what the kernel refused.
Result<void> restrict_system_calls();

}  // namespace espalier::confinement
