// What the command line asks of a coordinator, over its HTTP API.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "common/base/json.hpp"
#include "common/base/result.hpp"

namespace espalier::cli {

class CoordinatorClient {
 public:
  explicit CoordinatorClient(std::string url) : url_(std::move(url)) {}

  // The JobSummary. `folder` is where the job file lies: paths in it are relative to that.
  [[nodiscard]] Result<json::object> submit(const std::string& toml, const std::filesystem::path& folder,
                                            bool replace) const;
  [[nodiscard]] Result<json::object> summary(std::int64_t job) const;
  [[nodiscard]] Result<json::object> document(std::int64_t job) const;
  [[nodiscard]] Result<json::array> jobs() const;  // JobSummaries, the newest first
  [[nodiscard]] Result<json::object> extend(std::int64_t job, const std::string& toml,
                                            const std::filesystem::path& folder) const;
  // POST /api/v1/jobs/ID/VERB: cancel, pause, resume, retry. The JobSummary.
  [[nodiscard]] Result<json::object> change(std::int64_t job, const std::string& verb) const;
  [[nodiscard]] Result<std::size_t> living_workers() const;
  // {"attempts", "ended"} and {"text", "next", …}: docs/how-it-works.md.
  [[nodiscard]] Result<json::object> attempts(const std::string& trial_or_task) const;
  [[nodiscard]] Result<json::object> attempt_log(std::int64_t attempt, std::int64_t from) const;
  [[nodiscard]] Result<json::object> collect_garbage(bool dry_run, int keep_days) const;  // 0: an hour

 private:
  [[nodiscard]] Result<json::object> ask(const std::string& method, const std::string& path,
                                         const std::string& body = {}) const;
  std::string url_;
};

}  // namespace espalier::cli
