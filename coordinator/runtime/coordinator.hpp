// The running coordinator as its API sees it. Lives on one io loop; every member function is called on that
// loop.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "common/artifact/artifact_store.hpp"
#include "common/base/ids.hpp"
#include "common/base/json.hpp"
#include "common/base/result.hpp"
#include "common/job/comparison.hpp"
#include "common/job/plan.hpp"
#include "coordinator/runtime/garbage.hpp"
#include "coordinator/runtime/job_files.hpp"
#include "coordinator/runtime/reign.hpp"
#include "coordinator/runtime/tokens.hpp"

namespace espalier::runtime {

struct CoordinatorOptions {
  std::string database;                             // libpq connection string or URL
  std::filesystem::path artifacts;                  // folder of the artifact store
  std::string zmq = "tcp://127.0.0.1:0";            // port 0: any free one
  std::filesystem::path keys;                       // net::KeyFolder; empty: workers speak plainly
  std::string http_address = "http://127.0.0.1:0";  // told to workers; set by the API once it listens
  int beat_ms = 2000;
  int lease_ms = 10000;
  bool reads_tokens = false;  // HTTP demands them
  JobFolders job_files{};
  std::map<std::string, double> shares;  // users' weights; 1 for the others
  // Nothing can be put on record any more, another coordinator has taken over: called once; the program is to
  // end.
  std::function<void(Error)> on_fatal = [](const Error&) {};
  // Called twice a second by the loop, as long as it turns.
  std::function<void()> on_beat = [] {};
};

struct SubmitFailure {
  Error error;
  std::vector<job::Diagnostic> diagnostics;
};

struct ComparisonOptions {
  bool again = false;    // even if it is known
  bool replace = false;  // as of `submit`
  std::string user = {};
};

enum class Cordon {
  cordon,  // the worker is given nothing any more
  drain,   // nor does it keep its trainings: they go on elsewhere
  lift,
};

class Coordinator {
 public:
  // Binds ZeroMQ, opens the database. `begin` comes next, once everything else that can fail has been done.
  // The reign outlives the coordinator.
  static Result<std::unique_ptr<Coordinator>> start(boost::asio::io_context& io, const Reign& reign,
                                                    CoordinatorOptions options);
  virtual ~Coordinator() = default;

  // Begins an epoch, which fences every other coordinator of this database, and recovers what was unfinished.
  virtual Result<void> begin() { return {}; }

  [[nodiscard]] virtual std::string zmq_endpoint() const = 0;  // with the real port
  virtual void set_http_address(std::string address) = 0;      // before the first worker is welcomed
  // What workers need for it, told with the address: a secret that they show, a certificate (PEM) that it
  // has.
  virtual void set_http_access(std::optional<std::string> /*token*/,
                               std::optional<std::string> /*certificate*/) {}
  [[nodiscard]] virtual artifact::ArtifactStore& artifacts() = 0;

  // Returns the JobSummary once the job is committed.
  virtual boost::asio::awaitable<boost::system::result<json::object, SubmitFailure>> submit(
      std::string toml, std::string folder, bool replace, std::string user) = 0;
  // Each returns the JobSummary once the change is committed. What is asked for twice is done once; a job
  // that has ended otherwise is ErrorKind::busy.
  virtual boost::asio::awaitable<Result<json::object>> cancel(
      JobId job) = 0;  // but for tasks that other jobs need
  virtual boost::asio::awaitable<Result<json::object>> pause(
      JobId job) = 0;  // nothing new starts, what runs goes on
  virtual boost::asio::awaitable<Result<json::object>> resume(JobId job) = 0;
  // Runs what failed, and what was cancelled because of it, with fresh retries.
  virtual boost::asio::awaitable<Result<json::object>> retry(JobId job) = 0;
  // Adds the trials of that job file that the job doesn't have yet; it runs again if it had ended.
  virtual boost::asio::awaitable<boost::system::result<json::object, SubmitFailure>> extend(
      JobId job, std::string toml, std::string folder) = 0;
  // Submits the job that measures one trial's model against another's.
  virtual boost::asio::awaitable<boost::system::result<json::object, SubmitFailure>> compare(
      job::ComparisonWish wish, ComparisonOptions options) = 0;
  virtual boost::asio::awaitable<Result<json::object>> comparisons(JobId job) = 0;
  virtual boost::asio::awaitable<Result<json::array>> job_summaries() = 0;
  virtual boost::asio::awaitable<Result<json::object>> job_summary(JobId job) = 0;
  virtual boost::asio::awaitable<Result<json::object>> job_document(JobId job) = 0;
  virtual boost::asio::awaitable<Result<json::array>> workers() = 0;
  // Returns the worker as `workers` tells it.
  virtual boost::asio::awaitable<Result<json::object>> cordon(WorkerName worker, Cordon wish) = 0;
  // explanation.hpp, of a trial's own tasks (its number), or of the tasks whose key begins so: the first
  // hundred.
  virtual boost::asio::awaitable<Result<json::array>> explain(std::string trial_or_task) = 0;
  // {"attempts": [{"attempt", "stage", "task", "worker", "state"}], "ended"} of a trial's own tasks (its
  // number), or of the tasks whose key begins so.
  virtual boost::asio::awaitable<Result<json::object>> attempts_of(std::string trial_or_task) = 0;
  // {"attempt", "from", "text", "next", "ended"}: its log from byte `from` on, as far as it is known.
  virtual boost::asio::awaitable<Result<json::object>> attempt_log(AttemptId attempt, std::int64_t from) = 0;
  virtual boost::asio::awaitable<Result<json::object>> collect_garbage(GarbageOptions options) = 0;
  virtual boost::asio::awaitable<Result<void>> database_answers() = 0;
  // It reigns for certain, and has recovered what was unfinished; an error says which is not so.
  [[nodiscard]] virtual Result<void> is_at_work() const { return {}; }

  // The token whose secret hashes so (SHA-256, hex), if it is valid: `holder_of` gives one that isn't known
  // half a second, and `holds` says what is known now.
  virtual boost::asio::awaitable<std::optional<TokenHolder>> holder_of(std::string /*hash*/) {
    co_return std::nullopt;
  }
  [[nodiscard]] virtual bool holds(const std::string& /*hash*/) const { return false; }

  [[nodiscard]] virtual std::string metrics() { return {}; }  // in Prometheus' text format

  // Live events after each commit, already rate-limited: name ("job", "trial", "workers") and its data. The
  // token's destruction ends the subscription. First come events that describe the present state.
  using Listener = std::function<void(const std::string& event, const std::string& data)>;
  [[nodiscard]] virtual std::shared_ptr<void> subscribe(Listener listener) = 0;

  virtual boost::asio::awaitable<void> stop() = 0;  // commits what is pending, closes sockets
};

}  // namespace espalier::runtime
