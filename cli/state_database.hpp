// The database that a command asks: a state folder's, started for it if nothing runs there, or one of the
// user's.
#pragma once

#include <optional>
#include <string>

#include "cli/state_folder.hpp"
#include "coordinator/store/private_cluster.hpp"

namespace espalier::cli {

class StateDatabase {
 public:
  enum class Access {
    beside_others,  // also while something runs in the folder
    alone,          // ErrorKind::busy if something does; a database is made if there is none
  };
  // `url`: the user's, if it isn't empty. Call from the main thread.
  static Result<StateDatabase> open(const StateFolder& state, const std::string& url, Access access);
  [[nodiscard]] const std::string& connection() const { return connection_; }

 private:
  StateDatabase() = default;
  // In this order: the server stops before the folder is anybody's.
  std::optional<StateLock> lock_;
  std::optional<store::PrivateCluster> cluster_;
  std::string connection_;
};

}  // namespace espalier::cli
