#include <future>
#include <pqxx/pqxx>
#include <thread>

#include "tests/unit/store/database.hpp"

namespace espalier::store::testing {
namespace {

class Commit : public DatabaseTest {
 protected:
  std::unique_ptr<Store> store_ = open();
  std::int64_t epoch_ = store_->begin_epoch().epoch;
  JobId job_ = submit(*store_, small_plan(), submission(), epoch_).job.id;
};

TEST_F(Commit, AnswersEachStartWithItsSpecificationAndInputs) {
  store_->commit(success(1, id_of("train"), {}, {{"model", hash_of("weights").value, 1234}}), epoch_);
  const auto assignments = store_->commit({StartAttempt{AttemptId{3}, id_of("prune"), WorkerName{"w1"}},
                                           StartAttempt{AttemptId{2}, id_of("train"), WorkerName{"w2"}}},
                                          epoch_);
  ASSERT_EQ(assignments.size(), 2U);
  EXPECT_EQ(assignments[0].attempt, AttemptId{3});
  EXPECT_EQ(json::parse(assignments[0].spec).at("stage"), "prune");
  ASSERT_EQ(assignments[0].inputs.size(), 1U);
  EXPECT_EQ(assignments[0].inputs[0].role, "model");
  EXPECT_EQ(assignments[0].inputs[0].hash, hash_of("weights").value);
  EXPECT_EQ(assignments[0].inputs[0].bytes, 1234);
  EXPECT_EQ(json::parse(assignments[1].spec).at("stage"), "train");
  EXPECT_TRUE(assignments[1].inputs.empty());
}

TEST_F(Commit, GivesTheHashOfAFileOfTheUsers) {
  auto plan = small_plan();
  plan.tasks[0].key = key_of("train from a file");
  plan.tasks[0].inputs = {{"weights", {}, "", hash_of("the user's file")}};
  submit(*store_, plan, submission("with a file"));
  const auto assignments =
      store_->commit({StartAttempt{AttemptId{1}, id_of("train from a file"), WorkerName{"w1"}}}, epoch_);
  ASSERT_EQ(assignments.at(0).inputs.size(), 1U);
  EXPECT_EQ(assignments[0].inputs[0].role, "weights");
  EXPECT_EQ(assignments[0].inputs[0].hash, hash_of("the user's file").value);
}

TEST_F(Commit, RepeatedChangesNothing) {
  const auto writes =
      success(1, id_of("train"), {metric("train_loss", 0.5)}, {{"model", hash_of("m").value, 1}});
  store_->commit(writes, epoch_);
  const auto before = rows("select * from v1.events");
  const auto attempts = rows("select * from v1.attempts");
  store_->commit(writes, epoch_);
  EXPECT_EQ(rows("select * from v1.events"), before);
  EXPECT_EQ(rows("select * from v1.attempts"), attempts);
  EXPECT_EQ(one("select count(*) from espalier.open_attempt"), "0");
  EXPECT_EQ(one("select count(*) from v1.metrics where name = 'train_loss'"), "2") << "one a trial";
}

TEST_F(Commit, AcceptsExactlyOneResultATask) {
  store_->commit(success(1, id_of("train"), {metric("train_loss", 0.5)}), epoch_);
  store_->commit(
      {AcceptResult{id_of("train"), AttemptId{2}, {metric("train_loss", 9), metric("other", 9)}, {}}},
      epoch_);
  EXPECT_EQ(rows("select distinct attempt, device_class from v1.metrics where task_key = '" +
                 key_of("train").value + "'"),
            std::vector<std::string>{"1|cpu"});
  EXPECT_EQ(rows("select distinct name, value from v1.metrics"), std::vector<std::string>{"train_loss|0.5"});
}

TEST_F(Commit, TakesTheFirstOfTwoResultsInOneBatch) {
  store_->commit({AcceptResult{id_of("train"), AttemptId{1}, {metric("train_loss", 1)}, {}},
                  AcceptResult{id_of("train"), AttemptId{2}, {metric("train_loss", 2)}, {}}},
                 epoch_);
  EXPECT_EQ(rows("select distinct attempt, value from v1.metrics"), std::vector<std::string>{"1|1"});
}

TEST_F(Commit, LeavesTheLastStateThatABatchSets) {
  store_->commit(
      {SetTask{id_of("train"), TaskState::ready, 0, ""}, SetTask{id_of("train"), TaskState::waiting, 0, ""},
       SetTask{id_of("train"), TaskState::ready, 1, "crashed"}},
      epoch_);
  EXPECT_EQ(one("select state, failures, reason from v1.tasks where key = '" + key_of("train").value + "'"),
            "ready|1|crashed");
}

TEST_F(Commit, NeverTakesASucceededTaskBack) {
  store_->commit(success(1, id_of("train")), epoch_);
  store_->commit({SetTask{id_of("train"), TaskState::failed, 1, "late"}}, epoch_);
  EXPECT_EQ(one("select state from v1.tasks where key = '" + key_of("train").value + "'"), "succeeded");
}

TEST_F(Commit, KeepsHowAnAttemptEndedUnlessItIsSuperseded) {
  const AttemptId attempt{1};
  const auto state = [&] { return one("select state, reason, ended_at is not null from v1.attempts"); };
  store_->commit({StartAttempt{attempt, id_of("train"), WorkerName{"w1"}}}, epoch_);
  EXPECT_EQ(state(), "running|null|f");
  store_->commit({EndAttempt{attempt, AttemptState::lost, "w1 went away", 0, ""}}, epoch_);
  EXPECT_EQ(state(), "lost|w1 went away|t");
  store_->commit({EndAttempt{attempt, AttemptState::succeeded, "", 1, "cpu"}}, epoch_);
  EXPECT_EQ(state(), "lost|w1 went away|t");
  store_->commit({EndAttempt{attempt, AttemptState::superseded, "forged", 1, "cpu", WorkerName{"w2"}}},
                 epoch_);
  EXPECT_EQ(state(), "lost|w1 went away|t");
  store_->commit({EndAttempt{attempt,
                             AttemptState::superseded,
                             "came late",
                             1,
                             "cpu",
                             WorkerName{"w1"},
                             {metric("accuracy", 0.5), metric("loss", std::nullopt)}}},
                 epoch_);
  EXPECT_EQ(state(), "superseded|came late|t");
  EXPECT_EQ(one("select late_metrics from v1.attempts"), R"({"loss": null, "accuracy": 0.5})");
  EXPECT_EQ(one("select count(*) from v1.metrics"), "0");
  store_->commit({EndAttempt{attempt, AttemptState::lost, "again", 1, "cpu"}}, epoch_);
  EXPECT_EQ(state(), "superseded|came late|t");
}

TEST_F(Commit, FindsBothEndsOfAnAttemptInOneBatch) {
  store_->commit({StartAttempt{AttemptId{1}, id_of("train"), WorkerName{"w1"}},
                  EndAttempt{AttemptId{1}, AttemptState::lost, "gone", 0, "", WorkerName{"w1"}},
                  EndAttempt{AttemptId{1}, AttemptState::superseded, "forged", 0, "", WorkerName{"w2"}},
                  EndAttempt{AttemptId{1}, AttemptState::superseded, "late", 0, "", WorkerName{"w1"}}},
                 epoch_);
  EXPECT_EQ(one("select state, reason from v1.attempts"), "superseded|late");
}

TEST_F(Commit, IsRefusedOnceALaterEpochHasBegun) {
  auto other = open();
  const auto later = other->begin_epoch();
  EXPECT_EQ(later.epoch, epoch_ + 1);
  EXPECT_THROW(store_->commit({SetTask{id_of("train"), TaskState::failed, 0, ""}}, epoch_), Fenced);
  EXPECT_THROW(submit(*store_, small_plan(), submission("another"), epoch_), Fenced);
  EXPECT_EQ(one("select state from v1.tasks where key = '" + key_of("train").value + "'"), "ready");
  other->commit({SetTask{id_of("train"), TaskState::ready, 0, ""}}, later.epoch);
}

TEST_F(Commit, SurvivesGarbledWordsAndHashesOfAWorker) {
  store_->commit({EndAttempt{AttemptId{7}, AttemptState::failed, "\xff\xfe \"quoted\", {braces}", 1, "cpu"},
                  StartAttempt{AttemptId{7}, id_of("train"), WorkerName{"w\\1"}},
                  AcceptResult{id_of("train"), AttemptId{7}, {}, {{"model", "no hash at all", 1}}}},
                 epoch_);
  EXPECT_EQ(one("select worker, reason from v1.attempts"),
            "w\\1|\xEF\xBF\xBD\xEF\xBF\xBD \"quoted\", {braces}");
  EXPECT_EQ(one("select count(*) from v1.artifacts"), "0");
}

TEST_F(Commit, KeepsPointsOnceHoweverOftenTheyCome) {
  const AddPoints points{AttemptId{1}, id_of("train"), {{"train_loss", 1, 0.9}, {"train_loss", 2, 0.5}}};
  store_->commit({points, points}, epoch_);
  store_->commit({points}, epoch_);
  EXPECT_EQ(rows("select distinct name, step, value from v1.curves order by step"),
            (std::vector<std::string>{"train_loss|1|0.9", "train_loss|2|0.5"}));
}

TEST_F(Commit, ShowsTheCurveOfTheAttemptWhoseResultCounts) {
  store_->commit({AddPoints{AttemptId{1}, id_of("prune"), {{"l", 1, 0.1}}},
                  AddPoints{AttemptId{2}, id_of("prune"), {{"l", 1, 0.2}}}},
                 epoch_);
  EXPECT_EQ(one("select attempt, value from v1.curves"), "2|0.2");
  store_->commit({AcceptResult{id_of("prune"), AttemptId{1}, {}, {}}}, epoch_);
  EXPECT_EQ(one("select attempt, value from v1.curves"), "1|0.1");
}

TEST_F(Commit, KeepsWhatIsKnownOfAWorkerThatIsGone) {
  const SeeWorker seen{
      WorkerName{"w1"}, "s", "cpu|avx2", 2, {{"memory_gib", 4}, {"n", std::string("a\0", 2)}}, true};
  store_->commit({seen, StartAttempt{AttemptId{1}, id_of("train"), WorkerName{"w1"}}}, epoch_);
  store_->commit({seen}, epoch_);
  EXPECT_EQ(
      json::serialize(store_->workers()),
      R"([{"name":"w1","device_class":"cpu|avx2","slots":2,"state":"alive","running":1,"cordoned":false}])");
  store_->commit(
      {SeeWorker{.name = WorkerName{"w1"}, .session = "", .device_class = "", .facts = {}, .alive = false},
       EndAttempt{AttemptId{1}, AttemptState::lost, "gone", 0, ""}},
      epoch_);
  EXPECT_EQ(
      json::serialize(store_->workers()),
      R"([{"name":"w1","device_class":"cpu|avx2","slots":2,"state":"lost","running":0,"cordoned":false}])");
  EXPECT_EQ(rows("select state from v1.events where kind = 'worker' order by id"),
            (std::vector<std::string>{"alive", "lost"}));
}

TEST_F(Commit, TellsTheWholeHistoryOfATask) {
  store_->commit({StartAttempt{AttemptId{1}, id_of("train"), WorkerName{"w1"}}}, epoch_);
  store_->commit({EndAttempt{AttemptId{1}, AttemptState::crashed, "killed by signal 9", 1, "cpu"},
                  SetTask{id_of("train"), TaskState::ready, 1, "killed by signal 9"}},
                 epoch_);
  store_->commit(success(2, id_of("train")), epoch_);
  EXPECT_EQ(rows("select kind, attempt, state, reason from v1.events where task_key = '" +
                 key_of("train").value + "' order by id"),
            (std::vector<std::string>{"attempt|1|running|null", "attempt|1|crashed|killed by signal 9",
                                      "task|null|ready|killed by signal 9", "attempt|2|running|null",
                                      "attempt|2|succeeded|null"}));
}

TEST_F(Commit, FailsAsUnavailableWhenTheConnectionBreaksAndGoesOnWithTheNextCall) {
  const auto kill =
      "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() "
      "and pid <> pg_backend_pid()";
  const TaskId train = id_of("train");
  ASSERT_EQ(one(kill), "1");
  const std::vector<Write> writes{SetTask{train, TaskState::failed, 0, ""}};
  EXPECT_THROW(store_->commit(writes, epoch_), Unavailable);
  store_->commit(writes, epoch_);
  EXPECT_EQ(one("select state from v1.tasks where key = '" + key_of("train").value + "'"), "failed");
}

// The server may still be at what it was sent by a connection that has broken, while we repeat it by another.
// A plan that took a table for empty must not compare all that a commit changes with all that is there.
TEST_F(Commit, CostsWhatItChangesEvenOnTablesThatWereLastSeenEmpty) {
  constexpr std::int64_t kTasks = 1500;
  job::Plan plan = small_plan();
  for (std::int64_t n = 0; n < kTasks; ++n)
    plan.tasks.push_back({key_of(std::to_string(n)), job::Stage::train, {}, {}, false});
  for (std::size_t place = 4; place < plan.tasks.size(); ++place)
    plan.trials.push_back({"a", {{"n", place}}, {{place, job::TaskRole::own}}});
  const auto tasks = submit(*store_, plan, submission("many"), epoch_).job.tasks;
  execute(
      "insert into espalier.open_attempt (attempt, task_id, worker, epoch) "
      "select n, n, 'w', 0 from generate_series(1000000, 1020000) n; delete from espalier.open_attempt; "
      "insert into espalier.checkpoint (task_id, attempt, step, hash, bytes) "
      "select n, n, 1, '', 1 from generate_series(1000000, 1020000) n; delete from espalier.checkpoint");
  for (const std::string table : {"open_attempt", "checkpoint"})
    execute("vacuum (truncate false) espalier." + table);
  const auto rows_read = [&] {
    return std::stoll(
        one("select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) from pg_stat_user_tables "
            "where schemaname = 'espalier'"));
  };
  store_ = open();
  const auto before = rows_read();
  std::vector<Write> starts, ends;
  std::int64_t attempt = 0;
  for (const TaskRow& task : tasks) {
    const auto of_task = success(++attempt, task.id);
    starts.push_back(of_task[0]);
    ends.insert(ends.end(), {of_task[1], of_task[2]});
  }
  store_->commit(starts, epoch_);
  store_->commit(starts, epoch_);
  store_->commit(ends, epoch_);
  store_.reset();  // its server process counts what it has read when it goes
  const std::string counted =
      "select n_tup_ins from pg_stat_user_tables where relid = 'espalier.attempt'::regclass";
  for (int patience = 1000; one(counted) != std::to_string(attempt) && patience > 0; --patience)
    execute("select pg_sleep(0.01)");
  ASSERT_EQ(one(counted), std::to_string(attempt));
  EXPECT_LT(rows_read() - before, 50 * attempt);
}

TEST_F(Commit, IsToBeRepeatedIfWhatWeSentBeforeIsCommittedMeanwhile) {
  const TaskId train = id_of("train");
  pqxx::connection broken(database());
  pqxx::work earlier(broken);
  earlier.exec("insert into espalier.open_attempt (attempt, task_id, worker, epoch) values (1, " +
               std::to_string(train.value) + ", 'w1', 1)");
  const std::vector<Write> writes{StartAttempt{AttemptId{1}, train, WorkerName{"w1"}}};
  auto repeated = std::async(std::launch::async, [&] { return store_->commit(writes, epoch_); });
  while (one("select count(*) from pg_locks where not granted") == "0") std::this_thread::yield();
  earlier.commit();
  EXPECT_THROW(repeated.get(), Unavailable);
  EXPECT_EQ(store_->commit(writes, epoch_).size(), 1U);
  EXPECT_EQ(one("select count(*) from espalier.open_attempt"), "1");
}

}  // namespace
}  // namespace espalier::store::testing
