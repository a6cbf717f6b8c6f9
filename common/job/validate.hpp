// Names, types and ranges: everything about a job file that one value alone shows to be wrong.
#pragma once

#include "common/job/document.hpp"
#include "common/job/schema.hpp"

namespace espalier::job {

// Reports what is wrong and marks it NodeKind::invalid, so that later steps see only values they can use.
void validate_table(Node& table, const TableSchema& schema, Diagnostics& diagnostics);

// `shown` is the key as the message names it.
void validate_value(Node& value, const KeySchema& key, const std::string& shown, Diagnostics& diagnostics);

}  // namespace espalier::job
