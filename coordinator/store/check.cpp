#include "coordinator/store/check.hpp"

#include <map>

#include "common/base/hash.hpp"
#include "coordinator/store/array_column.hpp"
#include "coordinator/store/connection.hpp"
#include "coordinator/store/migrate.hpp"
#include "sql_files.hpp"

namespace espalier::store {
namespace {

struct Check {
  const char* name;
  std::string_view statement;
  const char* what;
  const char* help;
};

constexpr const char* kRestore = "restore a backup with `espalier db restore`, and report this";
constexpr const char* kRerun =
    "`espalier retry JOB --failed` runs such tasks again once they are set to failed; if there are many, "
    "restore a backup";

constexpr Check kChecks[] = {
    {"coordinator", sql::check_coordinator, "it is not clear which coordinator's epoch it is", kRestore},
    {"results", sql::check_results, "a task's state and its result contradict each other", kRestore},
    {"measurements", sql::check_measurements, "there are metrics or outputs of tasks without a result",
     kRestore},
    {"open attempts", sql::check_open_attempts, "attempts are open whose task doesn't run",
     "start a coordinator: it gives up what no worker has; if they stay, restore a backup"},
    {"attempts", sql::check_attempts, "attempts refer to what isn't there", kRestore},
    {"edges", sql::check_edges, "tasks, trials or jobs refer to what isn't there", kRestore},
    {"trials", sql::check_trials, "trials don't fit their job", kRestore},
    {"jobs", sql::check_jobs, "jobs say something else than their tasks", kRestore},
    {"inputs", sql::check_inputs, "tasks may run, or have run, whose inputs aren't there", kRerun},
    {"records", sql::check_records, "there are logs, curves or checkpoints of attempts that never were",
     kRestore},
    {"artifacts", sql::check_artifacts, "artifacts have no clear name or size", kRestore},
    {"numbers", sql::check_numbers, "the next of something would get a number that is taken",
     "restore the backup again with `espalier db restore`, not by hand"},
};

// The schema has to be exactly this program's, or the statements would say nonsense.
void require_our_schema(Transaction& transaction) {
  if (!transaction.run(sql::schema_exists).truth(0, 1))
    throw ErrorException({ErrorKind::not_found,
                          "there is no Espalier in this database: schema espalier is missing",
                          "check the database's name"});
  const auto rows = transaction.run(sql::applied_migrations);
  std::map<std::int64_t, std::string> applied;
  for (std::size_t row = 0; row < rows.size(); ++row)
    if (rows.integer(row, 0) > 0) applied[rows.integer(row, 0)] = rows.text(row, 2);
  std::map<std::int64_t, std::string> known;
  for (const auto& migration : sql::migrations)
    known[version_of(migration.name)] = sha256_hex(migration.text);
  if (applied == known) return;
  throw ErrorException({ErrorKind::failed,
                        "the database's schema is version " +
                            std::to_string(applied.empty() ? 0 : applied.rbegin()->first) +
                            ", and this program's is " + std::to_string(known.rbegin()->first),
                        "use the espalier of the coordinator that works on it; a later coordinator brings it "
                        "to its own at its start"});
}

}  // namespace

Result<Checked> check(const std::string& connection) {
  try {
    Connection link(connection);
    Transaction transaction(link);
    transaction.run(sql::read_a_snapshot);
    require_our_schema(transaction);
    const auto counts = transaction.run(sql::store_counts);
    Checked checked{counts.integer(0, 0), counts.integer(0, 1), counts.integer(0, 2),
                    counts.integer(0, 3), std::size(kChecks),   {}};
    for (const Check& each : kChecks) {
      const auto rows = transaction.run(each.statement);
      if (rows.empty()) continue;
      Violation violation{each.name, each.what, each.help, rows.integer(0, 0), {}};
      for (std::size_t row = 0; row < rows.size(); ++row) violation.examples.emplace_back(rows.text(row, 1));
      checked.violations.push_back(std::move(violation));
    }
    return checked;
  } catch (const std::exception& failure) {
    return as_error(failure);
  }
}

Result<std::vector<std::string>> uses_of(const std::string& connection,
                                         const std::vector<std::string>& hashes) {
  try {
    Connection link(connection);
    Transaction transaction(link);
    ArrayColumn column;
    for (const auto& hash : hashes) column.add(hash);
    const auto rows = transaction.run(sql::tasks_of_artifacts, {column.text()});
    std::vector<std::string> uses;
    for (std::size_t row = 0; row < rows.size(); ++row) uses.emplace_back(rows.text(row, 1));
    return uses;
  } catch (const std::exception& failure) {
    return as_error(failure);
  }
}

}  // namespace espalier::store
