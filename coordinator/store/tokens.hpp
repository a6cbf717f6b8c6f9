// Tokens for HTTP, of which only hashes are kept.
#pragma once

#include <string>
#include <vector>

#include "common/base/role.hpp"
#include "coordinator/store/connection.hpp"
#include "coordinator/store/store.hpp"

namespace espalier::store {

std::optional<std::string> add_token(Transaction& transaction, const NewToken& token);
std::vector<TokenEntry> list_tokens(Transaction& transaction);
bool revoke_token(Transaction& transaction, const std::string& name);
std::vector<LivingToken> read_living_tokens(Transaction& transaction);

}  // namespace espalier::store
