#include "coordinator/store/store.hpp"

#include <functional>
#include <optional>
#include <utility>

#include "coordinator/store/commit.hpp"
#include "coordinator/store/comparisons.hpp"
#include "coordinator/store/connection.hpp"
#include "coordinator/store/documents.hpp"
#include "coordinator/store/garbage.hpp"
#include "coordinator/store/job_summaries.hpp"
#include "coordinator/store/logs.hpp"
#include "coordinator/store/migrate.hpp"
#include "coordinator/store/recovery.hpp"
#include "coordinator/store/searches.hpp"
#include "coordinator/store/submission.hpp"
#include "coordinator/store/tokens.hpp"
#include "sql_files.hpp"

namespace espalier::store {

struct Store::Implementation {
  std::string address;
  std::unique_ptr<Connection> connection;
  std::unique_ptr<Connection> beside;  // for what is asked while that one is at work
  FrontHistory fronts;

  // A connection that broke is made anew by the next call.
  Connection& connected() { return connected(connection); }
  Connection& connected_beside() { return connected(beside); }
  Connection& connected(std::unique_ptr<Connection>& which) const {
    if (which == nullptr || !which->usable()) which = std::make_unique<Connection>(address);
    return *which;
  }

  // Commits what `work` does in one transaction.
  template <class Work>
  auto in_transaction(Work work) {
    try {
      Transaction transaction(connected());
      auto result = work(transaction);
      transaction.commit();
      return result;
    } catch (const pqxx::failure&) {
      rethrow_as_ours();
    }
  }
};

Result<std::unique_ptr<Store>> Store::open(const std::string& connection) {
  auto implementation = std::make_unique<Implementation>();
  implementation->address = connection;
  try {
    const auto migrated = implementation->in_transaction([](Transaction& transaction) {
      auto result = migrate(transaction);
      // Thrown, so that nothing of a refused migration is committed.
      if (result.has_error()) throw ErrorException(result.error());
      return true;
    });
    ESPALIER_ASSERT(migrated);
  } catch (const ErrorException& refused) {
    return refused.error();
  } catch (const Unavailable& away) {
    return Error{ErrorKind::unavailable, std::string("can't reach the database: ") + away.what(),
                 "check that PostgreSQL runs and that the connection string is right"};
  } catch (const std::runtime_error& failure) {
    return Error{ErrorKind::failed, failure.what(),
                 "the database user has to be allowed to create the schemas espalier and v1"};
  }
  return std::unique_ptr<Store>(new Store(std::move(implementation)));
}

Store::Store(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}
Store::~Store() = default;

Reign Store::begin_epoch() {
  return implementation_->in_transaction([](Transaction& transaction) { return begin_reign(transaction); });
}

std::vector<JobId> Store::unfinished_jobs() {
  return implementation_->in_transaction(
      [](Transaction& transaction) { return read_unfinished_jobs(transaction); });
}

JobRow Store::job(JobId job) {
  return implementation_->in_transaction(
      [&](Transaction& transaction) { return read_job_row(transaction, job); });
}

TaskPage Store::tasks(JobId job, std::int64_t from, std::size_t limit) {
  return implementation_->in_transaction(
      [&](Transaction& transaction) { return read_tasks(transaction, job, from, limit); });
}

std::vector<OpenAttempt> Store::open_attempts() {
  return implementation_->in_transaction(
      [](Transaction& transaction) { return read_open_attempts(transaction); });
}

namespace {

// Converts what libpqxx throws, as every way out of this module does.
template <class Work>
auto as_ours(Work work) {
  try {
    return work();
  } catch (const pqxx::failure&) {
    rethrow_as_ours();
  }
}

class Opened final : public OpenSubmission {
 public:
  Opened(Connection& connection, std::function<Connection&()> beside, Submission submission,
         std::int64_t epoch, std::optional<JobId> extends)
      : submission_(std::move(submission)),
        transaction_(connection),
        writer_(
            transaction_,
            [this, beside = std::move(beside)]() -> Transaction& {
              if (!beside_) beside_.emplace(beside()).run(sql::prefer_look_ups);
              return *beside_;
            },
            submission_, extends) {
    hold_epoch(transaction_, epoch);
  }
  bool text_is_unfinished() override {
    return as_ours(
        [&] { return transaction_.run(sql::has_unfinished, {submission_.text_hash}).truth(0, 0); });
  }
  void head(const job::Plan& head) override {
    as_ours([&] { writer_.head(head); });
  }
  void part(const std::vector<job::Trial>& trials, const std::vector<job::Task>& tasks) override {
    as_ours([&] { writer_.part(trials, tasks); });
  }
  Submitted finish() override {
    return as_ours([&] {
      Submitted submitted = writer_.finish();
      transaction_.commit();
      return submitted;
    });
  }

 private:
  Submission submission_;
  Transaction transaction_;
  // The other holds the epoch for both. Nothing to commit: numbers once taken stay taken.
  std::optional<Transaction> beside_;
  SubmissionWriter writer_;
};

}  // namespace

std::unique_ptr<OpenSubmission> Store::begin_submission(Submission submission, std::int64_t epoch,
                                                        std::optional<JobId> extends) {
  return as_ours([&]() -> std::unique_ptr<OpenSubmission> {
    const auto beside = [this]() -> Connection& { return implementation_->connected_beside(); };
    return std::make_unique<Opened>(implementation_->connected(), beside, std::move(submission), epoch,
                                    extends);
  });
}

std::optional<Submitted> Store::resume(const Submission& submission, const std::string& plan_hash,
                                       std::int64_t epoch) {
  return implementation_->in_transaction([&](Transaction& transaction) {
    hold_epoch(transaction, epoch);
    return resume_job(transaction, submission, plan_hash);
  });
}

std::size_t Store::retry(JobId job, std::int64_t epoch) {
  return implementation_->in_transaction([&](Transaction& transaction) {
    hold_epoch(transaction, epoch);
    return retry_job(transaction, job);
  });
}

std::optional<Searching> Store::searching(JobId job) {
  return implementation_->in_transaction(
      [&](Transaction& transaction) { return read_searching(transaction, job); });
}

std::optional<std::vector<job::Proposal>> Store::asked(JobId job) {
  return implementation_->in_transaction(
      [&](Transaction& transaction) { return read_asked(transaction, job); });
}

void Store::add_generations(JobId job, const std::string& group,
                            const std::vector<search::Generation>& generations, std::int64_t epoch) {
  implementation_->in_transaction([&](Transaction& transaction) {
    hold_epoch(transaction, epoch);
    espalier::store::add_generations(transaction, job, group, generations);
    return true;
  });
}

bool Store::end_search(JobId job, const std::string& text_hash, const std::string& failure,
                       std::int64_t epoch) {
  return implementation_->in_transaction([&](Transaction& transaction) {
    hold_epoch(transaction, epoch);
    return espalier::store::end_search(transaction, job, text_hash, failure);
  });
}

std::vector<Assignment> Store::commit(const std::vector<Write>& writes, std::int64_t epoch) {
  return implementation_->in_transaction([&](Transaction& transaction) {
    hold_epoch(transaction, epoch);
    return write_all(transaction, writes, epoch);
  });
}

bool Store::job_exists(JobId job) {
  return implementation_->in_transaction([&](Transaction& transaction) {
    return transaction.run(sql::job_exists, {std::to_string(job.value)}).truth(0, 0);
  });
}

json::array Store::job_summaries(std::optional<JobId> only) {
  return implementation_->in_transaction(
      [&](Transaction& transaction) { return read_job_summaries(transaction, only); });
}

json::object Store::untouched_summary(JobId job) {
  return implementation_->in_transaction(
      [&](Transaction& transaction) { return read_untouched_summary(transaction, job); });
}

std::optional<json::object> Store::job_document(JobId job) {
  return implementation_->in_transaction(
      [&](Transaction& transaction) { return read_job_document(transaction, job); });
}

json::array Store::trials_changed_since(JobId job, std::int64_t& watermark) {
  return implementation_->in_transaction([&](Transaction& transaction) {
    return read_changed_trials(transaction, job, watermark, implementation_->fronts);
  });
}

json::array Store::workers() {
  return implementation_->in_transaction(
      [](Transaction& transaction) { return read_workers(transaction, false); });
}

json::array Store::workers_with_facts() {
  return implementation_->in_transaction(
      [](Transaction& transaction) { return read_workers(transaction, true); });
}

std::optional<json::object> Store::attempts_of(const std::string& trial_or_task) {
  return implementation_->in_transaction(
      [&](Transaction& transaction) { return read_attempts_of(transaction, trial_or_task); });
}

std::optional<json::object> Store::attempt_log(AttemptId attempt, std::int64_t from) {
  return implementation_->in_transaction(
      [&](Transaction& transaction) { return read_attempt_log(transaction, attempt, from); });
}

std::vector<TaskToExplain> Store::tasks_to_explain(const std::string& trial_or_task) {
  return implementation_->in_transaction(
      [&](Transaction& transaction) { return read_tasks_to_explain(transaction, trial_or_task); });
}

bool Store::worker_exists(const WorkerName& name) {
  return implementation_->in_transaction([&](Transaction& transaction) {
    return transaction.run(sql::worker_exists, {name.value}).truth(0, 0);
  });
}

Result<job::TrialModel> Store::trial_model(TrialId trial) {
  return implementation_->in_transaction(
      [&](Transaction& transaction) { return read_trial_model(transaction, trial); });
}

std::optional<json::object> Store::comparisons(JobId job) {
  return implementation_->in_transaction(
      [&](Transaction& transaction) { return read_comparisons(transaction, job); });
}

std::optional<std::string> Store::add_token(const NewToken& token) {
  return implementation_->in_transaction(
      [&](Transaction& transaction) { return espalier::store::add_token(transaction, token); });
}

std::vector<TokenEntry> Store::list_tokens() {
  return implementation_->in_transaction(
      [](Transaction& transaction) { return espalier::store::list_tokens(transaction); });
}

bool Store::revoke_token(const std::string& name) {
  return implementation_->in_transaction(
      [&](Transaction& transaction) { return espalier::store::revoke_token(transaction, name); });
}

std::vector<LivingToken> Store::living_tokens() {
  return implementation_->in_transaction(
      [](Transaction& transaction) { return read_living_tokens(transaction); });
}

std::vector<ContentHash> Store::unneeded_artifacts(const std::vector<ContentHash>& hashes) {
  return implementation_->in_transaction(
      [&](Transaction& transaction) { return read_unneeded(transaction, hashes); });
}

std::optional<std::chrono::seconds> Store::oldest_attempt() {
  return implementation_->in_transaction(
      [](Transaction& transaction) { return read_oldest_attempt(transaction); });
}

void Store::drop_ended_checkpoints(std::int64_t epoch) {
  implementation_->in_transaction([&](Transaction& transaction) {
    hold_epoch(transaction, epoch);
    espalier::store::drop_ended_checkpoints(transaction);
    return true;
  });
}

}  // namespace espalier::store
