// What always holds of the database, whatever happened to it: the statements sql/queries/check_*.sql.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/result.hpp"

namespace espalier::store {

struct Violation {
  std::string check;  // "results"
  std::string what;   // one sentence
  std::string help;
  std::int64_t count = 0;
  std::vector<std::string> examples;  // three at most
};

struct Checked {
  std::int64_t jobs = 0, trials = 0, tasks = 0, attempts = 0;
  std::size_t checks = 0;
  std::vector<Violation> violations;
};

// Of one state of the database, whoever works on it meanwhile. Errors: not_found if there is no Espalier in
// it; failed if its schema isn't this program's.
Result<Checked> check(const std::string& connection);

inline constexpr const char* kNoUse = "nothing any more";

// What the database has each of these files for, in words, in their order; kNoUse if it is no longer needed.
Result<std::vector<std::string>> uses_of(const std::string& connection,
                                         const std::vector<std::string>& hashes);

}  // namespace espalier::store
