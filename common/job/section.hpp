// Tables laid over each other: a group over the job's defaults, [finetune] over [train], a section over its
// schema's defaults.
#pragma once

#include "common/job/document.hpp"
#include "common/job/schema.hpp"

namespace espalier::job {

// `over` wins; tables are merged key by key. A [model] or [teacher] that names another net, and a [data] that
// names another source, replace what belonged to the old one: its parameters would mean nothing.
Node merged(const Node& base, const Node& over);

// The section with every default filled in. Each of `layers` may be null; later ones win; invalid values
// don't count.
json::object filled_in(const TableSchema& schema, std::initializer_list<const Node*> layers);

// The value at a key, if it is there and valid.
const Node* valid(const Node* table, std::string_view name);

}  // namespace espalier::job
