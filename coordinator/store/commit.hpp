// Executes one batch of the core's decisions, a statement a kind, within the caller's transaction.
#pragma once

#include "coordinator/store/connection.hpp"
#include "coordinator/store/store.hpp"

namespace espalier::store {

// Returns what workers need for the attempts that the batch starts, in their order.
std::vector<Assignment> write_all(Transaction& transaction, const std::vector<Write>& writes,
                                  std::int64_t epoch);

}  // namespace espalier::store
