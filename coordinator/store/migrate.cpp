#include "coordinator/store/migrate.hpp"

#include <charconv>
#include <map>
#include <string>

#include "common/base/hash.hpp"

namespace espalier::store {
namespace {

constexpr std::int64_t kViews = 0;  // their place in the table of migrations

struct Applied {
  std::string name;
  std::string checksum;
};

std::map<std::int64_t, Applied> read_applied(Transaction& transaction) {
  const auto rows = transaction.run(sql::applied_migrations);
  std::map<std::int64_t, Applied> applied;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    applied[rows.integer(row, 0)] = {std::string(rows.text(row, 1)), std::string(rows.text(row, 2))};
  }
  return applied;
}

void record(Transaction& transaction, std::int64_t version, std::string_view name,
            const std::string& checksum) {
  transaction.run(sql::record_migration, {std::to_string(version), std::string(name), checksum});
}

}  // namespace

std::int64_t version_of(std::string_view migration) {
  std::int64_t version = 0;
  const auto digits = migration.substr(1, migration.find("__") - 1);
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
  ESPALIER_ASSERT(failure == std::errc{} && version > kViews && migration.front() == 'V');
  return version;
}

Result<void> migrate(Transaction& transaction, std::span<const sql::File> migrations,
                     std::span<const sql::File> views) {
  transaction.run(sql::lock_migrations);
  transaction.run(sql::create_schema);
  transaction.run(sql::create_migration_table);
  auto applied = read_applied(transaction);

  const auto newest = migrations.empty() ? 0 : version_of(migrations.back().name);
  if (!applied.empty() && applied.rbegin()->first > newest) {
    return Error{ErrorKind::failed,
                 "the database's schema is newer than this program: it has migration " +
                     applied.rbegin()->second.name + ", and the newest that we know is version " +
                     std::to_string(newest),
                 "use the version of Espalier that wrote this database, or a later one"};
  }
  bool changed = false;
  for (const sql::File& migration : migrations) {
    const auto version = version_of(migration.name);
    const auto checksum = sha256_hex(migration.text);
    if (const auto found = applied.find(version); found != applied.end()) {
      if (found->second.checksum == checksum) continue;
      return Error{ErrorKind::failed,
                   "migration " + found->second.name + " was applied to this database with another text",
                   "use the version of Espalier that made this database, or start with a new one"};
    }
    if (!changed && !applied.empty() && transaction.run(sql::somebody_else_reigns).truth(0, 0)) {
      return Error{ErrorKind::busy, "a coordinator of an earlier version works on this database",
                   "stop it first: its schema can't be changed under it"};
    }
    transaction.script(migration.text);
    record(transaction, version, migration.name, checksum);
    changed = true;
  }

  Sha256 hash;
  for (const sql::File& view : views) hash.update(view.text);
  const auto checksum = hash.hex();
  if (!changed && applied[kViews].checksum == checksum) return {};
  transaction.run(sql::drop_views);
  for (const sql::File& view : views) transaction.script(view.text);
  record(transaction, kViews, "views", checksum);
  return {};
}

}  // namespace espalier::store
