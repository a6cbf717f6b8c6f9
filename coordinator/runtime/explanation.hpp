// Why tasks aren't where one would have them, as the JSON of docs/how-it-works.md: what the core says of the
// workers that hold a lease, and what the store knows of those that don't.
#pragma once

#include <vector>

#include "common/base/json.hpp"
#include "coordinator/core/core.hpp"
#include "coordinator/store/store.hpp"

namespace espalier::runtime {

// {"task", "stage", "state", "reason", "obstacles": […], "workers": [{"name", "state", "obstacles": [{"what",
// "change"}]}]}. `workers`: see Store::workers.
json::object explanation_of(const store::TaskToExplain& task,
                            const std::optional<core::Core::Explanation>& core, const json::array& workers);

}  // namespace espalier::runtime
