// espalier submit FILE: hands a job to a coordinator that is running already.
#include <iostream>

#include "cli/command.hpp"
#include "cli/job_choice.hpp"
#include "cli/job_file.hpp"

namespace espalier::cli {
namespace {

constexpr const char* kExample = R"(
Example:
  espalier submit jobs/pruning.toml                                    # to the one that works in .espalier
  espalier submit jobs/pruning.toml --coordinator http://127.0.0.1:8470)";

struct SubmitOptions {
  std::string file;
  CoordinatorChoice coordinator;
  bool json = false;
};

Result<int> submit(const SubmitOptions& options) {
  const auto client = client_of(options.coordinator);
  if (!client) return client.error();
  const auto job = read_job(options.file);
  if (!job) return job.error();
  const auto answer = client->submit(*job, false);
  if (!answer) return answer.error();
  if (!answer->errors.empty()) return report_errors(*job, answer->errors, options.json);
  const auto& summary = answer->job;
  if (options.json) {
    std::cout << json::serialize(summary) << "\n";
  } else {
    std::cout << "job " << summary.at("id") << " (" << summary.at("name").as_string().c_str()
              << "): " << summary.at("trials").at("total") << " trials, " << summary.at("tasks").at("total")
              << " tasks, " << summary.at("tasks").at("reused")
              << " of them known already\nthe page: " << client->url() << "\n";
  }
  return 0;
}

}  // namespace

void add_submit(CLI::App& app, Action& chosen) {
  auto options =
      std::make_shared<SubmitOptions>();  // shared: CLI11 keeps references to it beyond this function
  auto* command = app.add_subcommand("submit", "Hand a job to a running coordinator");
  command->footer(kExample);
  command->add_option("FILE", options->file, "The job file (TOML)")->required();
  add_options(*command, options->coordinator);
  command->add_flag("--json", options->json, "Print the job as JSON");
  command->callback([options, &chosen] { chosen = [options] { return submit(*options); }; });
}

}  // namespace espalier::cli
