#include "coordinator/store/store.hpp"

#include "coordinator/store/commit.hpp"
#include "coordinator/store/connection.hpp"
#include "coordinator/store/documents.hpp"
#include "coordinator/store/migrate.hpp"
#include "coordinator/store/recovery.hpp"
#include "coordinator/store/submission.hpp"
#include "sql_files.hpp"

namespace espalier::store {

struct Store::Implementation {
  std::string address;
  std::unique_ptr<Connection> connection;
  std::optional<std::int64_t> epoch;  // ours, once it has begun
  FrontHistory fronts;

  // Commits what `work` does in one transaction. A connection that broke is made anew by the next call.
  template <class Work>
  auto in_transaction(Work work) {
    try {
      if (connection == nullptr || !connection->usable()) connection = std::make_unique<Connection>(address);
      Transaction transaction(*connection);
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

Recovered Store::begin_epoch() {
  auto recovered =
      implementation_->in_transaction([](Transaction& transaction) { return recover(transaction); });
  implementation_->epoch = recovered.epoch;
  return recovered;
}

Submitted Store::submit(const job::Plan& plan, const Submission& submission) {
  return implementation_->in_transaction([&](Transaction& transaction) {
    if (implementation_->epoch) hold_epoch(transaction, *implementation_->epoch);
    return write_submission(transaction, plan, submission);
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
  return implementation_->in_transaction([](Transaction& transaction) { return read_workers(transaction); });
}

}  // namespace espalier::store
