#include "tests/unit/store/database.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <pqxx/pqxx>

#include "common/base/hash.hpp"
#include "coordinator/store/private_cluster.hpp"

namespace espalier::store::testing {
namespace {

class Server : public ::testing::Environment {
 public:
  void SetUp() override {
    if (const char* given = std::getenv("ESPALIER_TEST_DATABASE"); given != nullptr) {
      connection_ = given;
      return;
    }
    folder_ = std::filesystem::temp_directory_path() / ("espalier-store-test-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    std::filesystem::permissions(folder_, std::filesystem::perms(0755));
    auto started = PrivateCluster::start(folder_);
    ASSERT_TRUE(started.has_value()) << started.error().message;
    cluster_.emplace(std::move(*started));
    connection_ = cluster_->connection();
  }
  void TearDown() override {
    cluster_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  [[nodiscard]] const std::string& connection() const { return connection_; }

 private:
  std::filesystem::path folder_;
  std::optional<PrivateCluster> cluster_;
  std::string connection_;
};

// GoogleTest owns environments.
const auto* const kServer =
    static_cast<const Server*>(::testing::AddGlobalTestEnvironment(std::make_unique<Server>().release()));

void run(const std::string& connection, const std::string& statement) {
  pqxx::connection link(connection);
  pqxx::nontransaction work(link);
  work.exec(statement);
}

}  // namespace

std::string server() {
  return kServer->connection();
}

DatabaseTest::DatabaseTest() {
  static std::atomic<int> count = 0;
  name_ = "test_" + std::to_string(::getpid()) + "_" + std::to_string(count++);
  run(server(), "create database " + name_);
  connection_ = server() + " dbname=" + name_;
}

DatabaseTest::~DatabaseTest() {
  run(server(), "drop database if exists " + name_ + " with (force)");
}

std::unique_ptr<Store> DatabaseTest::open() const {
  auto store = Store::open(connection_);
  if (store.has_error()) throw std::runtime_error(store.error().message);
  return std::move(*store);
}

std::vector<std::string> DatabaseTest::rows(const std::string& statement) const {
  pqxx::connection link(connection_);
  pqxx::nontransaction work(link);
  std::vector<std::string> result;
  for (const auto& row : work.exec(statement)) {
    std::string line;
    for (const auto& field : row) {
      if (field.num() > 0) line += '|';
      line += field.is_null() ? "null" : field.c_str();
    }
    result.push_back(std::move(line));
  }
  return result;
}

std::string DatabaseTest::one(const std::string& statement) const {
  const auto found = rows(statement);
  return found.size() == 1 ? found.front() : std::to_string(found.size()) + " rows";
}

void DatabaseTest::execute(const std::string& statements) const {
  run(connection_, statements);
}

TaskId DatabaseTest::id_of(std::string_view name) const {
  const auto id = one("select id from espalier.task where key = decode('" + key_of(name).value + "', 'hex')");
  return TaskId{std::stoll(id)};
}

TaskKey key_of(std::string_view name) {
  return TaskKey{sha256_hex(name)};
}
ContentHash hash_of(std::string_view name) {
  return ContentHash{sha256_hex(name)};
}

job::Plan small_plan() {
  job::Plan plan;
  plan.name = "small";
  plan.description = "two trials";
  plan.groups = {"a", "b"};
  const auto task = [&](std::string_view name, job::Stage stage, std::vector<job::TaskInput> inputs) {
    job::Task made{key_of(name), stage, json::object{{"stage", name}}, std::move(inputs), false};
    plan.tasks.push_back(std::move(made));
  };
  const auto model_of = [&](std::string_view name) {
    const auto found = std::find_if(plan.tasks.begin(), plan.tasks.end(),
                                    [&](const job::Task& other) { return other.key == key_of(name); });
    return job::TaskInput{
        "model", key_of(name), "model", {}, static_cast<std::size_t>(found - plan.tasks.begin())};
  };
  task("train", job::Stage::train, {});
  task("evaluate-a", job::Stage::evaluate, {model_of("train")});
  task("prune", job::Stage::prune, {model_of("train")});
  task("evaluate-b", job::Stage::evaluate, {model_of("prune")});
  using job::TaskRole;
  plan.trials.push_back({"a", {{"train.epochs", 1}}, {{0, TaskRole::own}, {1, TaskRole::own}}});
  plan.trials.push_back(
      {"b", {{"prune.amount", 0.5}}, {{0, TaskRole::own}, {2, TaskRole::own}, {3, TaskRole::own}}});
  return plan;
}

Submission submission(std::string text, bool replace) {
  const auto hash = sha256_hex(text);
  return {std::move(text), "ann", hash, replace};
}

Taken submit(Store& store, const job::Plan& plan, const Submission& submission, std::int64_t epoch,
             std::optional<JobId> extends) {
  PlanHash hash;
  hash.add(plan.tasks);
  Taken taken;
  std::optional<Submitted> submitted;
  if (!extends) submitted = store.resume(submission, hash.hex(), epoch);
  taken.resumed = submitted.has_value();
  if (!submitted) {
    const auto opened = store.begin_submission(submission, epoch, extends);
    opened->head(plan);
    opened->part(plan.trials, plan.tasks);
    submitted = opened->finish();
  }
  taken.job = std::move(submitted->job);
  taken.job.tasks = store.tasks(taken.job.id, 0, 1'000'000).tasks;
  taken.paused = std::move(submitted->paused);
  return taken;
}

std::vector<Write> success(std::int64_t attempt, TaskId task, std::vector<wire::Metric> metrics,
                           std::vector<wire::Output> outputs) {
  const AttemptId id{attempt};
  return {StartAttempt{id, task, WorkerName{"w1"}}, EndAttempt{id, AttemptState::succeeded, "", 1.5, "cpu"},
          AcceptResult{task, id, std::move(metrics), std::move(outputs)}};
}

wire::Metric metric(std::string name, std::optional<double> value, std::optional<double> low,
                    std::optional<double> high) {
  return {std::move(name), value, "", low, high, 100};
}

}  // namespace espalier::store::testing
