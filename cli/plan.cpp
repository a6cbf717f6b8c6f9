// espalier plan FILE: what a job would be, without running anything.
#include <iostream>
#include <map>

#include "cli/command.hpp"
#include "cli/job_file.hpp"
#include "cli/terminal_table.hpp"

namespace espalier::cli {
namespace {

constexpr const char* kExample = R"(
Example:
  espalier plan jobs/quickstart.toml)";

struct PlanOptions {
  std::string file;
  bool json = false;
};

void print(const job::Plan& plan) {
  TerminalTable groups({{"group"}, {"trials", true}});
  std::map<std::string, std::size_t> trials;
  for (const auto& trial : plan.trials) ++trials[trial.group];
  for (const auto& group : plan.groups) groups.add({group, std::to_string(trials[group])});
  groups.print(std::cout);
  std::cout << "\n";
  TerminalTable stages({{"stage"}, {"tasks", true}});
  std::map<std::string, std::size_t> tasks;
  for (const auto& task : plan.tasks) ++tasks[std::string(job::to_string(task.stage))];
  for (const auto& [stage, number] : tasks) stages.add({stage, std::to_string(number)});
  stages.print(std::cout);
  std::cout << "\n"
            << plan.name << ": " << plan.trials.size() << " trials, " << plan.tasks.size()
            << " tasks (work that trials share is done once)\n";
}

Result<int> plan(const PlanOptions& options) {
  const auto job = read_job(options.file);
  if (!job) return job.error();
  const auto& plan = job->planned.plan;
  if (options.json)
    std::cout << json::serialize(json::object{{"trials", plan ? plan->trials.size() : 0},
                                              {"tasks", plan ? plan->tasks.size() : 0},
                                              {"errors", job::to_json(job->planned.errors)}})
              << "\n";
  if (!plan) return report_errors(*job, options.file, false);
  if (!options.json) print(*plan);
  return 0;
}

}  // namespace

void add_plan(CLI::App& app, Action& chosen) {
  auto options =
      std::make_shared<PlanOptions>();  // shared: CLI11 keeps references to it beyond this function
  auto* command = app.add_subcommand("plan", "Check a job file and say what it would run");
  command->footer(kExample);
  command->add_option("FILE", options->file, "The job file (TOML)")->required();
  command->add_flag("--json", options->json, R"(Print {"trials":N,"tasks":N,"errors":[...]})");
  command->callback([options, &chosen] { chosen = [options] { return plan(*options); }; });
}

}  // namespace espalier::cli
