// The only truth: PostgreSQL. One Store is one connection, used from one thread (the runtime's store thread);
// every call blocks. Calls that can fail because the database is away throw store::Unavailable; the runtime
// then reconnects and repeats the same call, which is harmless: every statement is idempotent and fenced by
// the epoch.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/ids.hpp"
#include "common/base/json.hpp"
#include "common/job/plan.hpp"
#include "common/wire/messages.hpp"
#include "coordinator/core/rows.hpp"
#include "coordinator/core/states.hpp"
#include "coordinator/core/writes.hpp"

namespace espalier::store {

class Unavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Another coordinator has begun a later epoch on this database: this one must write nothing more.
class Fenced : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

using core::AttemptState;
using core::JobRow;
using core::JobState;
using core::OpenAttempt;
using core::Recovered;
using core::TaskRow;
using core::TaskState;

struct Submission {
  std::string text;       // the TOML
  std::string text_hash;  // the same text as an unfinished job's resumes that job
  bool replace = false;   // pause every other unfinished job
};

struct Submitted {
  JobRow job;
  bool resumed = false;
  std::vector<JobId> paused;
};

// One transaction's worth of the core's decisions, in their order: coordinator/core/writes.hpp.
using core::AcceptResult;
using core::AddPoints;
using core::EndAttempt;
using core::SeeWorker;
using core::SetJob;
using core::SetProgress;
using core::SetTask;
using core::StartAttempt;
using core::Write;

// What a worker needs to execute an attempt; answered for each StartAttempt of a commit, in order. An input's
// hash is empty if the task that should have made it reported no such output; its bytes are 0 if it is a file
// of the user's.
struct Assignment {
  AttemptId attempt;
  json::object spec;
  std::vector<wire::Input> inputs;
};

class Store {
 public:
  // Connects, migrates under an advisory lock, creates the views. Refuses a schema newer than this program.
  static Result<std::unique_ptr<Store>> open(const std::string& connection);
  ~Store();

  Recovered begin_epoch();
  Submitted submit(const job::Plan& plan, const Submission& submission);
  std::vector<Assignment> commit(const std::vector<Write>& writes, std::int64_t epoch);
  bool job_exists(JobId job);

  // ---- for the API, as JSON of docs/how-it-works.md ----
  json::array job_summaries(std::optional<JobId> only);
  std::optional<json::object> job_document(JobId job);
  json::array trials_changed_since(JobId job, std::int64_t& watermark);  // watermark moves on; 0 to begin
  json::array workers();

 private:
  struct Implementation;
  explicit Store(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

// A user's own statement, in a read-only transaction with schema v1 on the search path.
struct Table {
  std::vector<std::string> columns;
  std::vector<std::string> types;                             // PostgreSQL's type names
  std::vector<std::vector<std::optional<std::string>>> rows;  // as text; unset is null
};
// One statement only; `limit` cancels it. Errors: `usage` with PostgreSQL's message, the place in the
// statement and its hint; `unavailable` if there is no database.
Result<Table> query(const std::string& connection, const std::string& statement,
                    std::optional<std::chrono::milliseconds> limit = std::nullopt);

}  // namespace espalier::store
