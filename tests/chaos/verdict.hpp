// What has to be true of a job whatever happened while it ran.
#pragma once

#include "tests/system/running_system.hpp"

namespace espalier::test {

// Waits for the job's end. Every task has one result, none ran after it had one, and v1.attempts says in
// words why an attempt has none.
void expect_done_once(const RunningSystem& system, std::int64_t job, std::chrono::seconds limit);

// Nothing but successes: no attempt was lost, crashed, cancelled or superseded.
void expect_nothing_lost(const RunningSystem& system);

// Whatever a runner began has become the result, under the same attempt's number.
void expect_all_begun_attempts_succeeded(const RunningSystem& system);

// No attempt counted against the user's retries.
void expect_no_retries_consumed(const RunningSystem& system);

}  // namespace espalier::test
