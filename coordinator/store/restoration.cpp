#include "coordinator/store/array_column.hpp"
#include "coordinator/store/client_tool.hpp"
#include "coordinator/store/connection.hpp"
#include "coordinator/store/dump.hpp"
#include "coordinator/store/migrate.hpp"
#include "sql_files.hpp"

namespace espalier::store {

struct Restoration::State {
  explicit State(const std::string& address)
      : text(address), connection(std::make_unique<Connection>(address)) {}
  std::string text;  // of the connection
  // Its session holds what keeps others away: the reign, and the right to migrate.
  std::unique_ptr<Connection> connection;
};

namespace {

Rows at_once(Connection& connection, std::string_view statement, const std::vector<Value>& parameters = {}) {
  Transaction transaction(connection);
  auto rows = transaction.run(statement, parameters);
  transaction.commit();
  return rows;
}

Error at_work() {
  return {ErrorKind::busy, "a coordinator works on this database, or waits to",
          "stop it first: a database can't be restored under it"};
}

}  // namespace

Restoration::Restoration(std::unique_ptr<State> state) : state_(std::move(state)) {}
Restoration::Restoration(Restoration&&) noexcept = default;
Restoration::~Restoration() = default;

Result<Restoration> Restoration::begin(const std::string& connection, bool replace) {
  try {
    auto state = std::make_unique<State>(connection);
    auto& link = *state->connection;
    if (!at_once(link, sql::take_reign_lock).truth(0, 0) ||
        at_once(link, sql::somebody_stands_by).truth(0, 0))
      return at_work();
    at_once(link, sql::hold_migrations);
    if (!replace && at_once(link, sql::schema_exists).truth(0, 1) && at_once(link, sql::has_jobs).truth(0, 0))
      return Error{ErrorKind::busy, "this database holds jobs already",
                   "restore into an empty one, or let it be replaced with --replace"};
    return Restoration(std::move(state));
  } catch (const std::exception& failure) {
    return as_error(failure);
  }
}

Result<void> Restoration::load(const std::filesystem::path& dump, const Waiting& waiting) {
  try {
    auto& link = *state_->connection;
    at_once(link, sql::set_schema_aside);
    const auto loaded = run_client_tool(
        "pg_restore", {"--single-transaction", "--exit-on-error", "--no-owner", "--no-acl", dump.string()},
        state_->text, link.server_version(), waiting);
    if (!loaded) {
      at_once(link, sql::put_schema_back);
      return loaded.error();
    }
    at_once(link, sql::forget_views);
    at_once(link, sql::drop_replaced_schema);
    return {};
  } catch (const std::exception& failure) {
    return as_error(failure);
  }
}

Result<void> Restoration::finish(const std::string& reason,
                                 const std::vector<ContentHash>& lost_checkpoints) {
  try {
    {
      Transaction transaction(*state_->connection);
      if (auto migrated = migrate(transaction); !migrated) return migrated.error();
      transaction.commit();
    }
    if (!lost_checkpoints.empty()) {
      ArrayColumn hashes;
      for (const auto& hash : lost_checkpoints) hashes.add(hash.value);
      at_once(*state_->connection, sql::forget_checkpoints, {hashes.text()});
    }
    at_once(*state_->connection, sql::begin_timeline, {reason});
    return {};
  } catch (const std::exception& failure) {
    return as_error(failure);
  }
}

}  // namespace espalier::store
