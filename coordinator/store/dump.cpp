#include "coordinator/store/dump.hpp"

#include <charconv>

#include "coordinator/store/client_tool.hpp"
#include "coordinator/store/connection.hpp"
#include "coordinator/store/migrate.hpp"
#include "coordinator/store/store.hpp"
#include "sql_files.hpp"

namespace espalier::store {

struct Snapshot::State {
  explicit State(const std::string& address) : connection(address), text(address), transaction(connection) {}
  Connection connection;
  std::string text;  // of the connection
  Transaction transaction;
  std::string name;
  int schema_version = 0;
  std::vector<ReferencedArtifact> artifacts;
};

Snapshot::Snapshot(std::unique_ptr<State> state) : state_(std::move(state)) {}
Snapshot::Snapshot(Snapshot&&) noexcept = default;
Snapshot& Snapshot::operator=(Snapshot&&) noexcept = default;
Snapshot::~Snapshot() = default;

Result<Snapshot> Snapshot::take(const std::string& connection) {
  try {
    auto state = std::make_unique<State>(connection);
    auto& transaction = state->transaction;
    transaction.run(sql::read_a_snapshot);
    if (!transaction.run(sql::schema_exists).truth(0, 1))
      return Error{ErrorKind::not_found, "there is no Espalier in this database: schema espalier is missing",
                   "check the database's name"};
    state->name = transaction.run(sql::export_snapshot).text(0, 0);
    state->schema_version = static_cast<int>(transaction.run(sql::newest_migration).integer(0, 0));
    const auto rows = transaction.run(sql::referenced_artifacts);
    state->artifacts.reserve(rows.size());
    for (std::size_t row = 0; row < rows.size(); ++row) {
      ReferencedArtifact artifact{ContentHash{std::string(rows.text(row, 0))}, std::nullopt,
                                  rows.truth(row, 2)};
      if (!rows.is_null(row, 1)) artifact.bytes = rows.integer(row, 1);
      state->artifacts.push_back(std::move(artifact));
    }
    return Snapshot(std::move(state));
  } catch (const std::exception& failure) {
    return as_error(failure);
  }
}

const std::vector<ReferencedArtifact>& Snapshot::artifacts() const {
  return state_->artifacts;
}
int Snapshot::schema_version() const {
  return state_->schema_version;
}
int Snapshot::server_version() const {
  return state_->connection.server_version();
}

Result<void> Snapshot::dump(const std::filesystem::path& file, const Waiting& waiting) const {
  return run_client_tool("pg_dump",
                         {"--format=custom", "--schema=espalier", "--no-owner", "--no-acl",
                          "--snapshot=" + state_->name, "--file=" + file.string()},
                         state_->text, server_version(), waiting);
}

int newest_schema_version() {
  return static_cast<int>(version_of(sql::migrations.back().name));
}

}  // namespace espalier::store
