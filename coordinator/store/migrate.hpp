// Brings a database to the schema that this program was built with: migrations, each once and in order, then
// the views, which are made anew whenever their text has changed.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "common/base/result.hpp"
#include "coordinator/store/connection.hpp"
#include "sql_files.hpp"

namespace espalier::store {

// Within the caller's transaction, under an advisory lock that ends with it: two programs that start at once
// migrate one after the other. Errors: the database is newer than we are, or an applied migration was edited
// afterwards; busy if it is older, and another session reigns over it.
Result<void> migrate(Transaction& transaction, std::span<const sql::File> migrations = sql::migrations,
                     std::span<const sql::File> views = sql::views);

std::int64_t version_of(std::string_view migration);  // of "V001__start": 1

}  // namespace espalier::store
