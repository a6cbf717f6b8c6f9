// A PostgreSQL of our own in the state folder: made on first use, reachable over a Unix socket only, started
// and stopped with the program. As root it runs as the package's `postgres` user, since PostgreSQL refuses
// root.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/base/child_process.hpp"
#include "common/base/result.hpp"

namespace espalier::store {

class PrivateCluster {
 public:
  // Call from the main thread, holding the state folder's lock: a server that a killed run left behind is
  // stopped first. Takes about 2 s the first time and 0.2 s later.
  static Result<PrivateCluster> start(const std::filesystem::path& folder);

  // The connection string of a server that another process runs in this folder; unset if none does.
  static std::optional<std::string> running(const std::filesystem::path& folder);

  PrivateCluster(PrivateCluster&&) noexcept = default;
  PrivateCluster& operator=(PrivateCluster&&) noexcept = default;
  ~PrivateCluster();  // stops the server cleanly

  [[nodiscard]] const std::string& connection() const { return connection_; }
  [[nodiscard]] ChildProcess& process() { return server_; }

 private:
  PrivateCluster(ChildProcess server, std::string connection)
      : server_(std::move(server)), connection_(std::move(connection)) {}
  ChildProcess server_;
  std::string connection_;
};

}  // namespace espalier::store
