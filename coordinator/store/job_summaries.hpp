// How far jobs are: the JobSummary of docs/how-it-works.md.
#pragma once

#include <optional>

#include "common/base/ids.hpp"
#include "common/base/json.hpp"
#include "coordinator/store/connection.hpp"

namespace espalier::store {

json::array read_job_summaries(Transaction& transaction, std::optional<JobId> only);
json::object read_untouched_summary(Transaction& transaction, JobId job);

}  // namespace espalier::store
