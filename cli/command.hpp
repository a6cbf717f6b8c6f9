// One file a command. Each adds itself to the command line; main() runs the one that was chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "common/base/result.hpp"

namespace espalier::cli {

// What the chosen command does; its value is the program's exit code.
using Action = std::function<Result<int>()>;

void add_run(CLI::App& app, Action& chosen);
void add_up(CLI::App& app, Action& chosen);
void add_submit(CLI::App& app, Action& chosen);
void add_jobs(CLI::App& app, Action& chosen);
void add_cancel(CLI::App& app, Action& chosen);
void add_pause(CLI::App& app, Action& chosen);
void add_resume(CLI::App& app, Action& chosen);
void add_retry(CLI::App& app, Action& chosen);
void add_extend(CLI::App& app, Action& chosen);
void add_workers(CLI::App& app, Action& chosen);
void add_compare(CLI::App& app, Action& chosen);
void add_explain(CLI::App& app, Action& chosen);
void add_plan(CLI::App& app, Action& chosen);
void add_keys(CLI::App& app, Action& chosen);
void add_logs(CLI::App& app, Action& chosen);
void add_gc(CLI::App& app, Action& chosen);
void add_tokens(CLI::App& app, Action& chosen);
void add_sql(CLI::App& app, Action& chosen);
void add_db(CLI::App& app, Action& chosen);
void add_models(CLI::App& app, Action& chosen);
void add_datasets(CLI::App& app, Action& chosen);

}  // namespace espalier::cli
