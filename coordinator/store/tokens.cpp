#include "coordinator/store/tokens.hpp"

#include "sql_files.hpp"

namespace espalier::store {

std::optional<std::string> add_token(Transaction& transaction, const NewToken& token) {
  transaction.run(sql::retire_token, {token.name});
  const auto rows = transaction.run(sql::add_token, {token.name, std::string(to_string(token.role)),
                                                     token.hash, std::to_string(token.lifetime.count())});
  if (rows.empty()) return std::nullopt;
  return std::string(rows.text(0, 0));
}

std::vector<TokenEntry> list_tokens(Transaction& transaction) {
  const auto rows = transaction.run(sql::list_tokens);
  std::vector<TokenEntry> found(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    auto& entry = found[row];
    entry.name = rows.text(row, 0);
    entry.role = rows.text(row, 1);
    entry.state = rows.text(row, 2);
    entry.created_at = rows.text(row, 3);
    entry.expires_at = rows.text(row, 4);
  }
  return found;
}

bool revoke_token(Transaction& transaction, const std::string& name) {
  return transaction.run(sql::revoke_token, {name}).raw().affected_rows() > 0;
}

std::vector<LivingToken> read_living_tokens(Transaction& transaction) {
  const auto rows = transaction.run(sql::living_tokens);
  std::vector<LivingToken> found(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    auto& token = found[row];
    token.name = rows.text(row, 0);
    token.role = role_from(rows.text(row, 1)).value_or(Role::anybody);
    token.hash = rows.text(row, 2);
    token.left = std::chrono::duration<double>(rows.real(row, 3));
  }
  return found;
}

}  // namespace espalier::store
