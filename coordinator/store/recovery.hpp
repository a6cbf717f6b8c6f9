// Reads what the core has to know of jobs, and begins an epoch: a coordinator's reign over the database.
#pragma once

#include "coordinator/store/connection.hpp"
#include "coordinator/store/store.hpp"

namespace espalier::store {

JobRow read_job_row(Transaction& transaction, JobId job);  // without its tasks
job::Target target_from(const json::value& stored);        // {"require", "any_of"}
TaskPage read_tasks(Transaction& transaction, JobId job, std::int64_t from, std::size_t limit);
std::vector<JobId> read_unfinished_jobs(Transaction& transaction);
std::vector<OpenAttempt> read_open_attempts(Transaction& transaction);
Reign begin_reign(Transaction& transaction);  // fences every earlier coordinator

// Throws Fenced if a later epoch has begun. Until the transaction ends none can begin.
void hold_epoch(Transaction& transaction, std::int64_t epoch);

}  // namespace espalier::store
