// Reading a job file, checking it on this side, and saying what is wrong with it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "common/job/plan.hpp"

namespace espalier::cli {

struct JobFile {
  std::filesystem::path path;
  std::string text;
  std::filesystem::path folder;  // absolute: paths in the file are relative to it
};

Result<JobFile> read_job(const std::filesystem::path& path);

// What the file means, without a coordinator; counted, so that a million trials need no memory.
struct Outline {
  job::Plan head;                             // without trials and tasks
  std::map<std::string, std::size_t> trials;  // by group
  std::map<std::string, std::size_t> tasks;   // by stage
  std::vector<job::Diagnostic> errors;        // all of them; the rest is of no use if there are any
};
Outline outline(const JobFile& job);

// Says what is wrong, all of it, on standard error (or as JSON on standard output too), and returns the exit
// code.
int report_errors(const JobFile& job, const std::vector<job::Diagnostic>& errors, bool as_json);

}  // namespace espalier::cli
