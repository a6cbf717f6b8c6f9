// The logs of attempts, and whose they are, as the JSON of docs/how-it-works.md.
#pragma once

#include <optional>
#include <string>

#include "coordinator/store/connection.hpp"
#include "coordinator/store/store.hpp"

namespace espalier::store {

// {"attempts": […], "ended": bool}. `of`: a trial's number, or the beginning of a task's key.
std::optional<json::object> read_attempts_of(Transaction& transaction, const std::string& of);
std::vector<TaskToExplain> read_tasks_to_explain(Transaction& transaction,
                                                 const std::string& of);  // likewise
// {"attempt", "from", "text", "next", "ended"}; unset if there is no such attempt.
std::optional<json::object> read_attempt_log(Transaction& transaction, AttemptId attempt, std::int64_t from);

}  // namespace espalier::store
