// Writes a planned job: job, trials, tasks and edges, in bulk, within the caller's transaction.
#pragma once

#include "coordinator/store/connection.hpp"
#include "coordinator/store/store.hpp"

namespace espalier::store {

// The same text with the same tasks as an unfinished job's resumes that job. Tasks that succeeded before keep
// their result; those that failed or were cancelled are asked for again.
Submitted write_submission(Transaction& transaction, const job::Plan& plan, const Submission& submission);

}  // namespace espalier::store
