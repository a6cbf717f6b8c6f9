// Which artifacts nobody needs any more.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coordinator/store/connection.hpp"
#include "coordinator/store/store.hpp"

namespace espalier::store {

// Of these, the ones that are no output and no input of a task, and no checkpoint of one without a result.
std::vector<ContentHash> read_unneeded(Transaction& transaction, const std::vector<ContentHash>& hashes);
// How long ago the oldest attempt under way began; unset if there is none.
std::optional<std::chrono::seconds> read_oldest_attempt(Transaction& transaction);
void drop_ended_checkpoints(Transaction& transaction);

}  // namespace espalier::store
