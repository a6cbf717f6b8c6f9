// Reads what the core has to know of jobs, and begins an epoch: a coordinator's reign over the database.
#pragma once

#include "coordinator/store/connection.hpp"
#include "coordinator/store/store.hpp"

namespace espalier::store {

JobRow read_job(Transaction& transaction, JobId job);
Recovered recover(Transaction& transaction);  // fences every earlier coordinator

// Throws Fenced if a later epoch has begun. Until the transaction ends none can begin.
void hold_epoch(Transaction& transaction, std::int64_t epoch);

}  // namespace espalier::store
