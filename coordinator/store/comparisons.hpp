// Trials that are compared: what the planner has to know of each, and what came out.
#pragma once

#include <optional>

#include "coordinator/store/connection.hpp"
#include "coordinator/store/store.hpp"

namespace espalier::store {

Result<job::TrialModel> read_trial_model(Transaction& transaction, TrialId trial);

// {"trials": […], "comparisons": […]} as in docs/how-it-works.md; unset if there is no such job.
std::optional<json::object> read_comparisons(Transaction& transaction, JobId job);

}  // namespace espalier::store
