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

std::size_t total(const std::map<std::string, std::size_t>& counts) {
  std::size_t sum = 0;
  for (const auto& [name, count] : counts) sum += count;
  return sum;
}

void print(const Outline& plan) {
  TerminalTable groups({{"group"}, {"trials", true}});
  for (const auto& group : plan.head.groups) {
    const auto found = plan.trials.find(group);
    groups.add({group, std::to_string(found == plan.trials.end() ? 0 : found->second)});
  }
  groups.print(std::cout);
  std::cout << "\n";
  TerminalTable stages({{"stage"}, {"tasks", true}});
  for (const auto& [stage, number] : plan.tasks) stages.add({stage, std::to_string(number)});
  stages.print(std::cout);
  std::cout << "\n"
            << plan.head.name << ": " << total(plan.trials) << " trials, " << total(plan.tasks)
            << " tasks (work that trials share is done once)\n";
  if (plan.head.search)
    std::cout << "This is the most that would run: the search decides by results what comes next.\n";
}

Result<int> plan(const PlanOptions& options) {
  const auto job = read_job(options.file);
  if (!job) return job.error();
  const auto plan = outline(*job);
  const bool valid = plan.errors.empty();
  if (options.json)
    std::cout << json::serialize(json::object{{"trials", valid ? total(plan.trials) : 0},
                                              {"tasks", valid ? total(plan.tasks) : 0},
                                              {"errors", job::to_json(plan.errors)}})
              << "\n";
  if (!valid) return report_errors(*job, plan.errors, false);
  if (!options.json) print(plan);
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
