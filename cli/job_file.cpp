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
  JobFile job;
  job.text = std::move(*text);
  job.folder = std::filesystem::absolute(path).lexically_normal().parent_path();
  job.planned = job::plan_job(job.text, job::local_surroundings(job.folder));
  return job;
}

int report_errors(const JobFile& job, const std::filesystem::path& path, bool as_json) {
  if (as_json)
    std::cout << json::serialize(
                     json::object{{"state", "invalid"}, {"errors", job::to_json(job.planned.errors)}})
              << "\n";
  std::cerr << job::render(job.planned.errors, path.string(), job.text);
  const bool only_packages_missing =
      std::all_of(job.planned.errors.begin(), job.planned.errors.end(),
                  [](const auto& error) { return error.code == job::code::kDatasetNotInstalled; });
  return exit_code(only_packages_missing ? ErrorKind::missing_dependency : ErrorKind::invalid_job);
}

}  // namespace espalier::cli
