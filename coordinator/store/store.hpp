// The only truth: PostgreSQL. One Store is one connection, used from one thread (the runtime's store thread);
// every call blocks. Calls that can fail because the database is away throw store::Unavailable; the runtime
// then reconnects and repeats the same call, which is harmless: every statement is idempotent and fenced by
// the epoch.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/hash.hpp"
#include "common/base/ids.hpp"
#include "common/base/json.hpp"
#include "common/base/role.hpp"
#include "common/job/plan.hpp"
#include "common/wire/messages.hpp"
#include "coordinator/core/rows.hpp"
#include "coordinator/core/states.hpp"
#include "coordinator/core/writes.hpp"
#include "coordinator/search/search.hpp"

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

// What a search asked for is of no use any more: its job has ended, or searches by another text.
class Outdated : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A job's search is to go by a text that means other trials than those which the job has.
Error means_other_trials(JobId job);

using core::AttemptState;
using core::JobRow;
using core::JobState;
using core::OpenAttempt;
using core::TaskId;
using core::TaskRow;
using core::TaskState;

struct Reign {                    // what a coordinator begins with
  std::int64_t epoch = 0;         // ours
  std::int64_t next_attempt = 1;  // attempt numbers never repeat
  std::vector<JobId> unfinished;  // jobs, paused ones too
  std::vector<WorkerName> cordoned;
  std::vector<core::Pace> paces;  // of tasks that have ended
};

struct TaskToExplain {
  TaskId id;
  TaskKey key;
  std::string stage;
  std::string state;
  std::string reason;
  job::Target target;  // of the first unfinished job that needs it
};

struct TaskPage {
  std::vector<TaskRow> tasks;
  std::optional<std::int64_t> next;  // place to go on from; unset: these were the last
};

struct Submission {
  std::string text;       // the TOML
  std::string user{};     // who asks for it
  std::string text_hash;  // the same text as an unfinished job's resumes that job
  bool replace = false;   // pause every other unfinished job
  std::string folder{};   // what the text's paths are relative to
  // An extension by what the job's own search asks for. The text is the one that it searches by.
  bool by_search = false;
  // Of an extension by another text that searches: the plan's hash before anything was asked for.
  std::string plan_hash{};
};

struct Submitted {
  JobRow job;  // its tasks without those that have a result
  std::vector<JobId> paused;
  bool is_untouched = false;  // new, and none of its tasks has ended before
  std::size_t trials = 0;     // that it has got, or that are trained further
};

// What a job's search goes on from.
struct Searching {
  std::string text;
  std::string text_hash;
  std::string folder;
  std::map<std::string, std::vector<search::Told>> told;  // by group
};

// What two plans of one text have in common if they mean the same tasks. The same text can mean others: a
// file it names changed, or a stage got a new version.
class PlanHash {
 public:
  void add(const std::vector<job::Task>& tasks) {
    for (const auto& task : tasks) hash_.update(task.key.value);
  }
  std::string hex() { return hash_.hex(); }

 private:
  Sha256 hash_;
};

// A job on its way into the store, in one transaction: nothing of it is there before `finish`, nor if that is
// never called. Keeps its Store busy as long as it lives.
class OpenSubmission {
 public:
  virtual ~OpenSubmission() = default;
  virtual bool text_is_unfinished() = 0;  // another job of the same text is
  virtual void head(const job::Plan& head) = 0;
  virtual void part(const std::vector<job::Trial>& trials, const std::vector<job::Task>& tasks) = 0;
  // What failed or was cancelled before of the tasks that it needs is asked for again.
  virtual Submitted finish() = 0;
};

// One transaction's worth of the core's decisions, in their order: coordinator/core/writes.hpp.
using core::AcceptResult;
using core::AddLog;
using core::AddPoints;
using core::CordonWorker;
using core::EndAttempt;
using core::SaveCheckpoint;
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
  TaskKey task;
  std::string spec;  // JSON, as it was submitted
  std::vector<wire::Input> inputs;
};

// A token for HTTP. Its hash is that of its secret, as hex digits; the secret itself is nowhere.
struct NewToken {
  std::string name;
  Role role = Role::reader;
  std::string hash;
  std::chrono::seconds lifetime{};
};
struct TokenEntry {
  std::string name;
  std::string role;
  std::string state;  // "valid", "expired", "revoked"
  std::string created_at;
  std::string expires_at;
};
struct LivingToken {
  std::string name;
  Role role = Role::anybody;
  std::string hash;
  std::chrono::duration<double> left{};  // until it expires
};

class Store {
 public:
  // Connects, migrates under an advisory lock, creates the views. Refuses a schema newer than this program.
  static Result<std::unique_ptr<Store>> open(const std::string& connection);
  ~Store();

  Reign begin_epoch();                   // fences every other coordinator
  std::vector<JobId> unfinished_jobs();  // paused ones too
  JobRow job(JobId job);                 // without its tasks
  // Tasks of the job without a result, from that place on.
  TaskPage tasks(JobId job, std::int64_t from, std::size_t limit);
  std::vector<OpenAttempt> open_attempts();

  // With `extends`, the trials that this job doesn't have yet are added to it, and those that are to be
  // trained up to a further rung get what they need for that. Throws Outdated if it is by a search that is
  // over.
  std::unique_ptr<OpenSubmission> begin_submission(Submission submission, std::int64_t epoch,
                                                   std::optional<JobId> extends = std::nullopt);
  // The job of this text with the same tasks runs again if it hasn't ended; unset if there is none. What
  // failed or was cancelled of its tasks is asked for again.
  std::optional<Submitted> resume(const Submission& submission, const std::string& plan_hash,
                                  std::int64_t epoch);
  // Asks for what failed or was cancelled of the job's tasks again; the job runs then. Returns how many these
  // are.
  std::size_t retry(JobId job, std::int64_t epoch);

  // ---- searches ----
  // Unset unless the job runs and may ask for more.
  std::optional<Searching> searching(JobId job);
  // What the job's search has asked for until now, whether it goes on or not. Unset if the job has none.
  std::optional<std::vector<job::Proposal>> asked(JobId job);
  // Those that are on record stay as they are.
  void add_generations(JobId job, const std::string& group,
                       const std::vector<search::Generation>& generations, std::int64_t epoch);
  // The search by this text asks for nothing more; `failure` says why if it can't go on. False if it has
  // ended before, or goes by another text.
  bool end_search(JobId job, const std::string& text_hash, const std::string& failure, std::int64_t epoch);

  std::vector<Assignment> commit(const std::vector<Write>& writes, std::int64_t epoch);
  bool job_exists(JobId job);

  // ---- for the API, as JSON of docs/how-it-works.md ----
  json::array job_summaries(std::optional<JobId> only);
  json::object untouched_summary(
      JobId job);  // the same of a job that has only just been submitted, at a glance
  std::optional<json::object> job_document(JobId job);
  json::array trials_changed_since(JobId job, std::int64_t& watermark);  // watermark moves on; 0 to begin
  json::array workers();
  json::array workers_with_facts();
  std::optional<json::object> attempts_of(const std::string& trial_or_task);  // logs.hpp
  std::optional<json::object> attempt_log(AttemptId attempt, std::int64_t from);
  std::vector<TaskToExplain> tasks_to_explain(const std::string& trial_or_task);
  bool worker_exists(const WorkerName& name);

  // ---- for comparing trials: comparisons.hpp ----
  Result<job::TrialModel> trial_model(TrialId trial);
  std::optional<json::object> comparisons(JobId job);

  // ---- tokens for HTTP ----
  std::optional<std::string> add_token(
      const NewToken& token);                  // when it expires; unset if a valid one has its name
  std::vector<TokenEntry> list_tokens();       // in the order they were made
  bool revoke_token(const std::string& name);  // false if no unrevoked one has this name
  std::vector<LivingToken> living_tokens();

  // ---- for garbage collection: garbage.hpp ----
  std::vector<ContentHash> unneeded_artifacts(const std::vector<ContentHash>& hashes);
  std::optional<std::chrono::seconds> oldest_attempt();
  void drop_ended_checkpoints(std::int64_t epoch);

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
