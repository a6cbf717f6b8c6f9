// espalier run FILE: the whole of Espalier on this machine, for one job.
#include <algorithm>
#include <iostream>
#include <optional>

#include "cli/command.hpp"
#include "cli/follow.hpp"
#include "cli/job_file.hpp"
#include "cli/result_table.hpp"
#include "cli/run_document.hpp"

namespace espalier::cli {
namespace {

constexpr const char* kExample = R"(
Example:
  espalier run jobs/quickstart.toml
  espalier run my-job.toml --json > results.json

A second run of the same file executes nothing; after a change only what it touches is executed.)";

struct RunOptions {
  std::string file;
  bool json = false;
  std::string state = kDefaultState;
  LocalOptions local;
};

Result<int> run(const RunOptions& options) {
  const auto job = read_job(options.file);
  if (!job) return job.error();
  // Before anything is started, too.
  if (const auto errors = outline(*job).errors; !errors.empty())
    return report_errors(*job, errors, options.json);

  Interrupts interrupts;
  auto local = options.local;
  local.state.root = options.state;
  auto system = LocalSystem::start(std::move(local), interrupts);
  if (!system) return interrupts.came() ? interrupted() : system.error();
  const CoordinatorClient client((*system)->http());
  const auto pause = supervising(**system, interrupts);
  if (auto ready = wait_for_workers(client, pause); !ready) return ready.error();
  const auto answer = client.submit(*job, true);
  if (!answer) return answer.error();
  if (!answer->errors.empty()) return report_errors(*job, answer->errors, options.json);

  LiveProgress progress((*system)->http());
  const auto id = answer->job.at("id").to_number<std::int64_t>();
  const auto summary = follow(client, id, progress, pause);
  progress.end();
  if (!summary) return summary.error();
  auto document = client.document(id);
  if (!document) return document.error();
  if (options.json) {
    std::cout << json::serialize(run_document(*document)) << "\n";
  } else {
    std::cout << "\n";
    print_results(*document, std::cout);
  }
  return summary->at("state").as_string() == "succeeded" ? 0 : exit_code(ErrorKind::failed);
}

}  // namespace

void add_run(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<RunOptions>();  // shared: CLI11 keeps references to it beyond this function
  auto* command = app.add_subcommand("run", "Run a job on this machine and print its results");
  command->footer(kExample);
  command->add_option("FILE", options->file, "The job file (TOML)")->required();
  command->add_option("--state", options->state, "Folder for database, artifacts and logs")
      ->capture_default_str();
  command->add_option("--workers", options->local.workers, "Worker processes")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command
      ->add_option("--slots", options->local.slots, "Tasks at once in each worker; default: cores / workers")
      ->check(CLI::Range(1, 1024));
  command->add_option("--http", options->local.http,
                      "Address of the page; default 127.0.0.1:8470, or any free port");
  command->add_option("--database", options->local.database, "Use this PostgreSQL instead of a private one");
  command->add_flag("--json", options->json,
                    "One JSON document on standard output; progress stays on standard error");
  command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

}  // namespace espalier::cli
