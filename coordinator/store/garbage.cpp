#include "coordinator/store/garbage.hpp"

#include <cmath>

#include "coordinator/store/array_column.hpp"
#include "sql_files.hpp"

namespace espalier::store {

std::vector<ContentHash> read_unneeded(Transaction& transaction, const std::vector<ContentHash>& hashes) {
  ArrayColumn column;
  for (const auto& hash : hashes) column.add(hash.value);
  const auto rows = transaction.run(sql::unneeded_artifacts, {column.text()});
  std::vector<ContentHash> unneeded;
  for (std::size_t row = 0; row < rows.size(); ++row)
    unneeded.push_back(ContentHash{std::string(rows.text(row, 0))});
  return unneeded;
}

std::optional<std::chrono::seconds> read_oldest_attempt(Transaction& transaction) {
  const auto rows = transaction.run(sql::oldest_attempt);
  if (rows.is_null(0, 0)) return std::nullopt;
  return std::chrono::seconds(static_cast<std::int64_t>(std::ceil(rows.real(0, 0))));
}

void drop_ended_checkpoints(Transaction& transaction) {
  transaction.run(sql::drop_ended_checkpoints);
}

}  // namespace espalier::store
