#include "cli/job_choice.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iostream>
#include <vector>

namespace espalier::cli {
namespace {

std::string_view name_of(const json::value& summary) {
  return summary.at("name").as_string();
}

std::int64_t count(const json::object& summary, const char* of, const char* what) {
  return summary.at(of).at(what).to_number<std::int64_t>();
}

}  // namespace

void add_options(CLI::App& command, CoordinatorChoice& choice) {
  command.add_option("--coordinator", choice.url, "Its address, http://HOST:PORT");
  command.add_option("--state", choice.state.root, "Find the coordinator that works in this folder")
      ->capture_default_str();
}

Result<std::string> address_of(const CoordinatorChoice& choice) {
  if (!choice.url.empty()) return choice.url;
  if (auto found = coordinator_of(choice.state)) return std::move(*found);
  return Error{ErrorKind::unavailable, "no coordinator is running in " + choice.state.root.string(),
               "start one with `espalier up`, or name another with --coordinator"};
}

void add_options(CLI::App& command, JobChoice& choice) {
  command.add_option("JOB", choice.job, "The job's number, or its name if only one has it")->required();
  add_options(command, choice.coordinator);
  command.add_flag("--json", choice.json, "Print the job as JSON");
}

Result<std::int64_t> find_job(const CoordinatorClient& client, const std::string& job) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(job.data(), job.data() + job.size(), number);
  if (failure == std::errc{} && end == job.data() + job.size()) return number;
  const auto jobs = client.jobs();
  if (!jobs) return jobs.error();
  std::vector<std::int64_t> found;
  for (const auto& summary : *jobs)
    if (name_of(summary) == job) found.push_back(summary.at("id").to_number<std::int64_t>());
  if (found.size() == 1) return found.front();
  if (found.empty())
    return Error{ErrorKind::not_found, "there is no job \"" + job + "\"", "`espalier jobs` lists them"};
  return Error{ErrorKind::usage,
               fmt::format("{} jobs are called \"{}\": {}", found.size(), job, fmt::join(found, ", ")),
               fmt::format("say which by its number, for example {}", found.front())};
}

Result<int> change_job(const JobChoice& choice, const std::string& verb) {
  const auto url = address_of(choice.coordinator);
  if (!url) return url.error();
  const CoordinatorClient client(*url);
  const auto job = find_job(client, choice.job);
  if (!job) return job.error();
  const auto summary = client.change(*job, verb);
  if (!summary) return summary.error();
  print_job(*summary, choice.json);
  return 0;
}

void print_job(const json::object& summary, bool as_json) {
  if (as_json) {
    std::cout << json::serialize(summary) << "\n";
    return;
  }
  std::cout << fmt::format("job {} ({}) is {}: {} of {} trials succeeded, {} tasks are running\n",
                           summary.at("id").to_number<std::int64_t>(), name_of(summary),
                           std::string_view(summary.at("state").as_string()),
                           count(summary, "trials", "succeeded"), count(summary, "trials", "total"),
                           count(summary, "tasks", "running"));
}

}  // namespace espalier::cli
