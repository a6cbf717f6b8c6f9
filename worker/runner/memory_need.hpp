// What a task needs of memory as far as its model tells it: so that one that is ended for want of memory can
// say how much it would have taken.
#pragma once

#include <cstdint>

#include "common/base/json.hpp"
#include "worker/runner/models/model.hpp"

namespace espalier::runner {

// Bytes: what this process holds, the model included, and for the stages that train a gradient and the
// optimizer's state of every parameter. Data that aren't read yet and activations are not in it.
std::int64_t memory_need(const Model& model, const json::object& task_spec);

}  // namespace espalier::runner
