#include "cli/job_file.hpp"

#include <algorithm>
#include <iostream>

#include "common/base/files.hpp"
#include "common/job/diagnose.hpp"

namespace espalier::cli {

Result<JobFile> read_job(const std::filesystem::path& path) {
  auto text = read_file(path);
  if (!text)
    return Error{ErrorKind::not_found, "the job file " + text.error().message,
                 "jobs/ has examples; `espalier run jobs/quickstart.toml` is a good first one"};
  return JobFile{path, std::move(*text), std::filesystem::absolute(path).lexically_normal().parent_path()};
}

Outline outline(const JobFile& job) {
  Outline result;
  job::PlanSink sink;
  sink.head = [&](const job::Plan& head) { result.head = head; };
  sink.part = [&](const std::vector<job::Trial>& trials, const std::vector<job::Task>& tasks) {
    for (const auto& trial : trials) ++result.trials[trial.group];
    for (const auto& task : tasks) ++result.tasks[std::string(job::to_string(task.stage))];
  };
  result.errors = job::plan_job(job.text, job::local_surroundings(job.folder), sink);
  return result;
}

int report_errors(const JobFile& job, const std::vector<job::Diagnostic>& errors, bool as_json) {
  if (as_json)
    std::cout << json::serialize(json::object{{"state", "invalid"}, {"errors", job::to_json(errors)}})
              << "\n";
  std::cerr << job::render(errors, job.path.string(), job.text);
  const bool only_packages_missing = std::all_of(errors.begin(), errors.end(), [](const auto& error) {
    return error.code == job::code::kDatasetNotInstalled;
  });
  return exit_code(only_packages_missing ? ErrorKind::missing_dependency : ErrorKind::invalid_job);
}

}  // namespace espalier::cli
