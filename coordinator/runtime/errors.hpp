// What is said when a request can't be answered.
#pragma once

#include <exception>
#include <string>

#include "common/base/ids.hpp"
#include "common/base/json.hpp"
#include "common/base/result.hpp"

namespace espalier::runtime {

// Of what the store threw. A cancelled wait is thrown on.
Error database_error(const std::exception_ptr& error);

Error no_such_job(JobId job);
Error no_such_trial_or_task(const std::string& name);

// `summary` is the job's, as `v1.jobs` has it.
Error nothing_failed(const json::object& summary);
Error wrong_state(const json::object& summary);

}  // namespace espalier::runtime
