// Reading and checking a job file on this side, before anything is started.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "common/job/plan.hpp"

namespace espalier::cli {

struct JobFile {
  std::string text;
  std::filesystem::path folder;  // absolute: paths in the file are relative to it
  job::Planned planned;
};

Result<JobFile> read_job(const std::filesystem::path& path);

// Says what is wrong, all of it, on standard error (or as JSON on standard output), and returns the exit
// code.
int report_errors(const JobFile& job, const std::filesystem::path& path, bool as_json);

}  // namespace espalier::cli
