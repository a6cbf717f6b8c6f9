// What `espalier run --json` prints at its end.
#pragma once

#include "common/base/json.hpp"

namespace espalier::cli {

// `document` is what GET /api/v1/jobs/ID answers.
json::object run_document(const json::object& document);

}  // namespace espalier::cli
