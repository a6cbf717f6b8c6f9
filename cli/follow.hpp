// Waiting for a coordinator's work, with its progress on the screen.
#pragma once

#include <chrono>
#include <functional>

#include "cli/coordinator_client.hpp"
#include "cli/interrupts.hpp"
#include "cli/live_progress.hpp"
#include "cli/local_system.hpp"

namespace espalier::cli {

// Waits at most so long; an error ends the waiting.
using Pause = std::function<Result<void>(std::chrono::milliseconds)>;

// While a local system is kept alive, or until a signal comes. What they refer to outlives them.
Pause supervising(LocalSystem& system, Interrupts& interrupts);
Pause until_interrupted(Interrupts& interrupts, std::string help);

Error interrupted();  // of a local system, which ends with us

// Latencies are keyed by the class of the machine that measures them, so a worker has to be there before
// planning.
Result<void> wait_for_workers(const CoordinatorClient& client, const Pause& pause);

// Returns the job's last summary. A coordinator that is being restarted is waited for.
Result<json::object> follow(const CoordinatorClient& client, std::int64_t job, LiveProgress& progress,
                            const Pause& pause);

}  // namespace espalier::cli
