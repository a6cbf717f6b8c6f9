// espalier explain TRIAL|TASK: why a task isn't running, worker by worker.
#include <fmt/format.h>

#include <iostream>

#include "cli/command.hpp"
#include "cli/job_choice.hpp"

namespace espalier::cli {
namespace {

struct ExplainOptions {
  CoordinatorChoice coordinator;
  std::string of;
  bool json = false;
};

void print(const json::array& obstacles, const std::string& indent) {
  for (const auto& each : obstacles) {
    const std::string change(each.at("change").as_string());
    std::cout << indent << std::string_view(each.at("what").as_string());
    if (!change.empty()) std::cout << "\n" << indent << "  to change that: " << change;
    std::cout << "\n";
  }
}

void print(const json::object& task) {
  const std::string reason(task.at("reason").as_string());
  std::cout << fmt::format("task {} ({}) is {}{}\n", std::string(task.at("task").as_string()).substr(0, 12),
                           std::string_view(task.at("stage").as_string()),
                           std::string_view(task.at("state").as_string()),
                           reason.empty() ? "" : ": " + reason);
  print(task.at("obstacles").as_array(), "  ");
  for (const auto& worker : task.at("workers").as_array()) {
    const auto& obstacles = worker.at("obstacles").as_array();
    std::cout << fmt::format("  worker {}{}\n", std::string_view(worker.at("name").as_string()),
                             obstacles.empty() ? ": nothing is in the way" : "");
    print(obstacles, "    ");
  }
}

Result<int> explain(const ExplainOptions& options) {
  const auto client = client_of(options.coordinator);
  if (!client) return client.error();
  const auto tasks = client->explanations(options.of);
  if (!tasks) return tasks.error();
  if (options.json) {
    std::cout << json::serialize(*tasks) << "\n";
    return 0;
  }
  for (const auto& task : *tasks) print(task.as_object());
  return 0;
}

}  // namespace

void add_explain(CLI::App& app, Action& chosen) {
  auto options =
      std::make_shared<ExplainOptions>();  // shared: CLI11 keeps references to it beyond this function
  auto* command = app.add_subcommand("explain", "Say for each worker why it doesn't get a task");
  command->footer(R"(
Example:
  espalier explain 12        # trial 12, as in `espalier sql "select id from trials"`
  espalier explain 3fa9c1    # the task whose key begins so)");
  command->add_option("TRIAL|TASK", options->of, "A trial's number, or how a task's key begins")->required();
  add_options(*command, options->coordinator);
  command->add_flag("--json", options->json, "An array of tasks");
  command->callback([options, &chosen] { chosen = [options] { return explain(*options); }; });
}

}  // namespace espalier::cli
