// How long a task takes compared with others: what the scheduler learns from one holds for those of its kind.
#pragma once

#include "common/base/json.hpp"
#include "common/job/task_graph.hpp"

namespace espalier::job {

// `spec` is the task's, `model` the net that its trial (or teacher) is about, `data` what it is trained on.
Effort effort_of(Stage stage, const json::object& spec, const json::object& model, const json::object& data);

}  // namespace espalier::job
