// A stage's `settings`: its section with every default filled in, and nothing that the stage doesn't read, so
// that sections that mean the same make equal keys.
#pragma once

#include "common/job/document.hpp"

namespace espalier::job {

// `group` is the group's merged tree with the trial's values in place.
json::object train_settings(const Node& group, Diagnostics& diagnostics);
json::object finetune_settings(const Node& group, Diagnostics& diagnostics);  // [finetune] over [train]
json::object distill_settings(const Node& group, Diagnostics& diagnostics);   // [distill] over [train]
json::object twin_settings(const Node& group, Diagnostics& diagnostics);      // distill's training part alone
json::object teacher_settings(const Node& group, Diagnostics& diagnostics);   // [teacher.train] over [train]
json::object prune_settings(const Node& group);
json::object quantize_settings(const Node& group);
json::object benchmark_settings(const Node& group);  // without `device` and `against`

bool reads_seed(const json::object& prune_settings);     // a random method anywhere
bool needs_data(const json::object& quantize_settings);  // calibrates

bool is_enabled(const Node& group, std::string_view table);  // [evaluate], [benchmark]

}  // namespace espalier::job
