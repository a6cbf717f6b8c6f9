#include "tests/simulation/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace espalier::simulation {

using core::AttemptState;

void Judge::starts(std::int64_t attempt, const std::string& worker) const {
  const auto found = store_.attempts().find(attempt);
  require(found != store_.attempts().end(), "what a worker starts is on record");
  require(found->second.worker.value == worker, "a worker starts what is its own");
}

void Judge::computes(std::int64_t attempt, HoldsLease holds_lease) {
  computing_.emplace(attempt, std::move(holds_lease));
  look_at_leases();
}

void Judge::look_at_leases() const {
  for (const auto& [attempt, holds_lease] : computing_) {
    if (store_.attempts().at(attempt).state != AttemptState::lost) continue;
    require(!holds_lease(store_.epoch()),
            fmt::format("attempt {} is given to others only when its worker's lease is over", attempt));
  }
}

void Judge::acknowledged(const wire::Finished& finished) const {
  const auto found = store_.attempts().find(finished.attempt);
  if (found == store_.attempts().end()) return;  // fenced before it was ever given out
  require(found->second.state != AttemptState::running,
          fmt::format("the end of attempt {} is acknowledged when it is on record", finished.attempt));
  require(finished.outcome != wire::Outcome::succeeded || found->second.state == AttemptState::succeeded ||
              found->second.state == AttemptState::superseded,
          fmt::format("a result that is acknowledged is kept, as attempt {}'s", finished.attempt));
}

void Judge::at_the_end() const {
  for (const auto& [id, attempt] : store_.attempts()) {
    if (attempt.state != AttemptState::succeeded) continue;
    const auto reported = reported_.find(id);
    require(reported != reported_.end() && reported->second == wire::Outcome::succeeded,
            fmt::format("the result of attempt {} is its worker's", id));
    const auto drawn = points_.find(id);
    if (drawn == points_.end()) continue;
    require(attempt.points == drawn->second, fmt::format("no point of attempt {} is lost", id));
  }
}

}  // namespace espalier::simulation
