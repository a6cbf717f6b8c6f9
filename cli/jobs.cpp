// espalier jobs: what a coordinator has been given, the newest first.
#include <fmt/format.h>

#include <iostream>

#include "cli/command.hpp"
#include "cli/job_choice.hpp"
#include "cli/terminal_table.hpp"

namespace espalier::cli {
namespace {

struct JobsOptions {
  CoordinatorChoice coordinator;
  bool json = false;
};

std::string trials_in_words(const json::value& trials) {
  auto text = fmt::format("{}/{}", trials.at("succeeded").to_number<std::int64_t>(),
                          trials.at("total").to_number<std::int64_t>());
  for (const char* other : {"failed", "cancelled"})
    if (const auto count = trials.at(other).to_number<std::int64_t>(); count > 0)
      text += fmt::format(", {} {}", count, other);
  return text;
}

void print_table(const json::array& summaries) {
  TerminalTable table({{"job", true}, {"name"}, {"state"}, {"trials"}, {"done", true}, {"submitted"}});
  for (const auto& summary : summaries)
    table.add({std::to_string(summary.at("id").to_number<std::int64_t>()),
               std::string(summary.at("name").as_string()), std::string(summary.at("state").as_string()),
               trials_in_words(summary.at("trials")),
               fmt::format("{:.0f} %", 100 * summary.at("progress").to_number<double>()),
               std::string(summary.at("submitted_at").as_string()).substr(0, 19)});
  table.print(std::cout);
}

Result<int> jobs(const JobsOptions& options) {
  const auto client = client_of(options.coordinator);
  if (!client) return client.error();
  const auto summaries = client->jobs();
  if (!summaries) return summaries.error();
  if (options.json)
    std::cout << json::serialize(*summaries) << "\n";
  else if (summaries->empty())
    std::cout << "there are no jobs yet; `espalier submit FILE` hands one over\n";
  else
    print_table(*summaries);
  return 0;
}

}  // namespace

void add_jobs(CLI::App& app, Action& chosen) {
  auto options =
      std::make_shared<JobsOptions>();  // shared: CLI11 keeps references to it beyond this function
  auto* command = app.add_subcommand("jobs", "List a coordinator's jobs, the newest first");
  command->footer(R"(
Example:
  espalier jobs
  espalier jobs --json --coordinator http://127.0.0.1:8470

The newest 200; `espalier sql "select id, name, state from jobs"` knows them all.)");
  add_options(*command, options->coordinator);
  command->add_flag("--json", options->json, "An array of job summaries");
  command->callback([options, &chosen] { chosen = [options] { return jobs(*options); }; });
}

}  // namespace espalier::cli
