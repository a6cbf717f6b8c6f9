// espalier extend JOB FILE: adds the trials of a job file that the job doesn't have yet.
#include "cli/command.hpp"
#include "cli/job_choice.hpp"
#include "cli/job_file.hpp"

namespace espalier::cli {
namespace {

struct ExtendOptions {
  JobChoice choice;
  std::string file;
};

Result<int> extend(const ExtendOptions& options) {
  const auto client = client_of(options.choice.coordinator);
  if (!client) return client.error();
  const auto file = read_job(options.file);
  if (!file) return file.error();
  const auto job = find_job(*client, options.choice.job);
  if (!job) return job.error();
  const auto answer = client->extend(*job, *file);
  if (!answer) return answer.error();
  if (!answer->errors.empty()) return report_errors(*file, answer->errors, options.choice.json);
  print_job(answer->job, options.choice.json);
  return 0;
}

}  // namespace

void add_extend(CLI::App& app, Action& chosen) {
  auto options =
      std::make_shared<ExtendOptions>();  // shared: CLI11 keeps references to it beyond this function
  auto* command = app.add_subcommand("extend", "Add the trials of a job file to a job, finished or not");
  command->footer(R"(
Example:
  espalier extend 3 jobs/pruning.toml        # after more amounts were added to the sweep

Trials that the job has stay as they are; nothing that has a result runs again. A job that searches by halving
or nsga2 goes on by the file, which may ask for more trials and is otherwise as the job's own.)");
  add_options(*command, options->choice);
  command->add_option("FILE", options->file, "The job file (TOML)")->required();
  command->callback([options, &chosen] { chosen = [options] { return extend(*options); }; });
}

}  // namespace espalier::cli
