// espalier retry JOB --failed: runs again what failed, and what was cancelled because of it.
#include "cli/command.hpp"
#include "cli/job_choice.hpp"

namespace espalier::cli {

void add_retry(CLI::App& app, Action& chosen) {
  struct RetryOptions {
    JobChoice choice;
    bool failed = false;  // has to be said: it leaves room for other ways to retry
  };
  auto options =
      std::make_shared<RetryOptions>();  // shared: CLI11 keeps references to it beyond this function
  auto* command = app.add_subcommand("retry", "Run again what failed of a job, with fresh retries");
  command->footer(R"(
Example:
  espalier retry 3 --failed

What succeeded is not run again. The job may still be running, or have ended.)");
  add_options(*command, options->choice);
  command->add_flag("--failed", options->failed, "What failed, and what was cancelled because of it")
      ->required();
  command->callback(
      [options, &chosen] { chosen = [options] { return change_job(options->choice, "retry"); }; });
}

}  // namespace espalier::cli
