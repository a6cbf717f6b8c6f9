#include "cli/state_database.hpp"

namespace espalier::cli {

Result<StateDatabase> StateDatabase::open(const StateFolder& state, const std::string& url, Access access) {
  StateDatabase database;
  if (!url.empty()) {
    database.connection_ = url;
    return database;
  }
  if (access == Access::beside_others && !std::filesystem::exists(state.postgres() / "data"))
    return Error{ErrorKind::not_found, "there is no database in " + state.root.string(),
                 "run a job first, or name its state folder with --state"};
  auto lock = StateLock::take(state);
  if (lock) {
    database.lock_.emplace(std::move(*lock));
    auto cluster = store::PrivateCluster::start(state.postgres());
    if (!cluster) return cluster.error();
    database.cluster_.emplace(std::move(*cluster));
    database.connection_ = database.cluster_->connection();
    return database;
  }
  const auto running = store::PrivateCluster::running(state.postgres());
  if (access == Access::alone || !running) return lock.error();
  database.connection_ = *running;
  return database;
}

}  // namespace espalier::cli
