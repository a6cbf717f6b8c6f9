// The only truth: PostgreSQL. One Store is one connection, used from one thread (the runtime's store thread);
// every call blocks. Calls that can fail because the database is away throw store::Unavailable; the runtime then
// reconnects and repeats the same call, which is harmless: every statement is idempotent and fenced by the epoch.
#pragma once

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

enum class TaskState { waiting, ready, assigned, running, succeeded, failed, cancelled };
enum class JobState { running, paused, succeeded, failed, cancelled };
enum class AttemptState { running, succeeded, failed, crashed, timed_out, out_of_memory, cancelled, lost, superseded };

// What the core has to know of a task; the rest stays in the database until the task is assigned.
struct TaskRow {
  TaskKey key;
  TaskState state{};
  bool exclusive = false;
  int failures = 0;              // attempts that count against `retries`
  std::vector<TaskKey> inputs;   // tasks it waits for
};

struct JobRow {
  JobId id;
  JobState state{};
  std::int64_t priority = 50;
  int retries = 2;
  double timeout_s = 0;
  std::int64_t memory_bytes = 0;
  std::vector<TaskRow> tasks;  // every task the job needs
};

struct OpenAttempt {  // was running when the last coordinator stopped
  AttemptId attempt;
  TaskKey task;
  WorkerName worker;
};

struct Recovered {
  std::int64_t epoch = 0;             // ours, newly begun
  std::int64_t next_attempt = 1;      // attempt numbers never repeat
  std::vector<JobRow> jobs;           // unfinished ones, paused ones too
  std::vector<OpenAttempt> attempts;
};

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

// ---- one transaction's worth of the core's decisions, in their order ----

struct StartAttempt {
  AttemptId attempt;
  TaskKey task;
  WorkerName worker;
};
struct EndAttempt {
  AttemptId attempt;
  AttemptState state{};
  std::string reason;   // in words; empty if it succeeded
  double seconds = 0;
  std::string device_class;
};
struct SetTask {
  TaskKey task;
  TaskState state{};
  int failures = 0;
  std::string reason;
};
struct AcceptResult {  // exactly one a task, ever
  TaskKey task;
  AttemptId attempt;
  std::string device_class;
  std::vector<wire::Metric> metrics;
  std::vector<wire::Output> outputs;
};
struct AddPoints {
  AttemptId attempt;
  TaskKey task;
  std::vector<wire::CurvePoint> points;
};
struct SetProgress {
  TaskKey task;
  double fraction = 0;
};
struct SetJob {
  JobId job;
  JobState state{};
};
struct SeeWorker {
  WorkerName name;
  std::string session;
  std::string device_class;
  int slots = 0;
  json::object facts;
  bool alive = true;
};
using Write = std::variant<StartAttempt, EndAttempt, SetTask, AcceptResult, AddPoints, SetProgress, SetJob, SeeWorker>;

// What a worker needs to execute an attempt; answered for each StartAttempt of a commit, in order.
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
  // Marks a job cancelled, or running again; the core decides what happens to its tasks.
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
  std::vector<std::string> types;  // PostgreSQL's type names
  std::vector<std::vector<std::optional<std::string>>> rows;  // as text; unset is null
};
Result<Table> query(const std::string& connection, const std::string& statement);

}  // namespace espalier::store
