// What the command line asks of a coordinator, over its HTTP API.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cli/job_file.hpp"
#include "common/base/json.hpp"
#include "common/base/result.hpp"
#include "common/net/http_client.hpp"

namespace espalier::cli {

class CoordinatorClient {
 public:
  explicit CoordinatorClient(std::string url, net::HttpAccess access = {})
      : url_(std::move(url)), access_(std::move(access)) {}
  [[nodiscard]] const std::string& url() const { return url_; }

  // The coordinator plans the job; what is wrong with the file is no Error.
  struct Answer {
    json::object job;                     // the JobSummary, if there are no errors
    std::vector<job::Diagnostic> errors;  // of the job file
  };
  [[nodiscard]] Result<Answer> submit(const JobFile& job, bool replace) const;
  [[nodiscard]] Result<Answer> extend(std::int64_t job, const JobFile& file) const;
  struct Comparison {
    std::int64_t trial = 0, against = 0;
    std::string device = {};  // as benchmark.device; empty: the first trial's
    std::vector<std::int64_t> batch_sizes = {}, threads = {};  // empty: the first trial's
    bool again = false;                                        // even if it is known
  };
  // The JobSummary of the job that measures it. `replace` pauses every other unfinished job.
  [[nodiscard]] Result<json::object> compare(const Comparison& comparison, bool replace) const;
  [[nodiscard]] Result<json::object> comparisons(std::int64_t job) const;
  [[nodiscard]] Result<json::object> summary(std::int64_t job) const;
  [[nodiscard]] Result<json::object> document(std::int64_t job) const;
  [[nodiscard]] Result<json::array> jobs() const;  // JobSummaries, the newest first
  // POST /api/v1/jobs/ID/VERB: cancel, pause, resume, retry. The JobSummary.
  [[nodiscard]] Result<json::object> change(std::int64_t job, const std::string& verb) const;
  [[nodiscard]] Result<json::array> workers() const;
  [[nodiscard]] Result<std::size_t> living_workers() const;
  // POST /api/v1/workers/NAME/VERB: cordon, drain, undrain. The worker.
  [[nodiscard]] Result<json::object> cordon(const std::string& worker, const std::string& verb) const;
  [[nodiscard]] Result<json::array> explanations(const std::string& trial_or_task) const;
  // {"attempts", "ended"} and {"text", "next", …}: docs/how-it-works.md.
  [[nodiscard]] Result<json::object> attempts(const std::string& trial_or_task) const;
  [[nodiscard]] Result<json::object> attempt_log(std::int64_t attempt, std::int64_t from) const;
  [[nodiscard]] Result<json::object> collect_garbage(bool dry_run, int keep_days) const;  // 0: an hour

 private:
  [[nodiscard]] Result<json::object> ask(const std::string& method, const std::string& path,
                                         const std::string& body = {}) const;
  [[nodiscard]] Result<Answer> hand_in(const std::string& path, const JobFile& file) const;
  std::string url_;
  net::HttpAccess access_;
};

}  // namespace espalier::cli
