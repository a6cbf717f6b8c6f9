// The options that say whom the HTTP side trusts.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "coordinator/api/security.hpp"
#include "coordinator/runtime/job_files.hpp"

namespace espalier {

struct HttpOptions {
  bool require_tokens = false;
  std::filesystem::path certificate;
  std::filesystem::path key;
  std::vector<std::filesystem::path> job_files;
  std::uint64_t largest_artifact = api::Security{}.largest_artifact;  // bytes
};
void add_http_options(CLI::App& app, HttpOptions& options);

// What they mean for an address. One that others can reach needs encryption, and then demands tokens, unless
// `insecure_bind`: ErrorKind::usage otherwise. Call it once the process's limit of open files is what it will
// be.
Result<api::Security> security_of(const HttpOptions& options, const std::string& address,
                                  const std::string& public_url, bool insecure_bind);

// Where tokens are demanded, whoever hands in jobs may only have those files read that were meant for it.
runtime::JobFolders job_folders_of(const HttpOptions& options, const api::Security& security);

}  // namespace espalier
