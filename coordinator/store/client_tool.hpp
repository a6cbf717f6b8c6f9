// PostgreSQL's own programs against a database of ours: pg_dump, pg_restore.
#pragma once

#include <string>
#include <vector>

#include "common/base/child_process.hpp"
#include "coordinator/store/dump.hpp"

namespace espalier::store {

// Runs a tool of the server's major version, or the oldest later one, to its end. The connection goes by the
// environment, so that no password is seen in the list of processes. Errors: missing_dependency; failed with
// the last of what the tool said.
Result<void> run_client_tool(const std::string& tool, std::vector<std::string> arguments,
                             const std::string& connection, int server_version, const Waiting& waiting);

}  // namespace espalier::store
