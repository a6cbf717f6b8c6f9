// What is on record of searches: how their trials stand, and that they have ended.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coordinator/store/connection.hpp"
#include "coordinator/store/store.hpp"

namespace espalier::store {

// By what a job searches, as its row keeps it; unset if it doesn't.
Value search_column(const job::Plan& head);

// See Store.
std::optional<Searching> read_searching(Transaction& transaction, JobId job);
std::optional<std::vector<job::Proposal>> read_asked(Transaction& transaction, JobId job);
void add_generations(Transaction& transaction, JobId job, const std::string& group,
                     const std::vector<search::Generation>& generations);
bool end_search(Transaction& transaction, JobId job, const std::string& text_hash,
                const std::string& failure);

// The job's search goes on if it failed or was cancelled with its job, or some of its trials run again. False
// if nothing of that is so.
bool search_again(Transaction& transaction, JobId job, bool trials_run_again);

}  // namespace espalier::store
