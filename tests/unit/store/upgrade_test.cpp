// A database of any earlier version becomes one of this version, and nothing of what it held is lost.
#include <chrono>
#include <pqxx/pqxx>

#include "coordinator/store/check.hpp"
#include "coordinator/store/migrate.hpp"
#include "tests/unit/store/database.hpp"

namespace espalier::store::testing {
namespace {

// What the first release wrote of three jobs: one that succeeded, one that runs, one whose training failed.
constexpr const char* kFirstRelease = R"sql(
  update espalier.coordinator set epoch = 2;
  insert into espalier.job (name, description, state, priority, retries, timeout_s, memory_bytes, groups, objectives,
                            constraints, text, text_hash, plan_hash, finished_at)
  values ('done', 'first', 'succeeded', 50, 2, 0, 0, '{a}', '[{"metric": "accuracy", "maximize": true}]', '[]',
          '[job]', 'h1', 'p1', '2026-01-02 03:04:05+00'),
         ('running', '', 'running', 60, 1, 1.5, 1024, '{a,b}', '[]', '[]', '[job]', 'h2', 'p2', null),
         ('failed', '', 'failed', 50, 0, 0, 0, '{a}', '[]', '[]', '[job]', 'h3', 'p3', '2026-01-03 03:04:05+00');
  insert into espalier.trial (job_id, ordinal, group_name, params)
  values (1, 0, 'a', '{"train.epochs": 1}'), (2, 0, 'a', '{"train.epochs": 1}'), (2, 1, 'b', '{}'), (3, 0, 'a', '{}');
  insert into espalier.task (key, stage, exclusive, spec)
  values (sha256('train'), 'train', false, '{"stage": "train"}'), (sha256('evaluate'), 'evaluate', false, '{}'),
         (sha256('prune'), 'prune', false, '{}'), (sha256('benchmark'), 'benchmark', true, '{}'),
         (sha256('broken'), 'train', false, '{}'), (sha256('doomed'), 'evaluate', false, '{}');
  insert into espalier.task_state (task_key, state, failures, progress, reason)
  values (sha256('train'), 'succeeded', 1, 1, ''), (sha256('evaluate'), 'succeeded', 0, 1, ''),
         (sha256('prune'), 'running', 0, 0.25, ''), (sha256('benchmark'), 'waiting', 0, 0, ''),
         (sha256('broken'), 'failed', 1, 0, 'loss is NaN'),
         (sha256('doomed'), 'cancelled', 0, 0, 'an input failed: loss is NaN');
  insert into espalier.task_input
  values (sha256('train'), 0, 'weights', null, '', sha256('my weights')),
         (sha256('evaluate'), 0, 'model', sha256('train'), 'model', null),
         (sha256('prune'), 0, 'model', sha256('train'), 'model', null),
         (sha256('benchmark'), 0, 'model', sha256('prune'), 'model', null),
         (sha256('doomed'), 0, 'model', sha256('broken'), 'model', null);
  insert into espalier.job_task
  values (1, 0, sha256('train'), false), (1, 1, sha256('evaluate'), false),
         (2, 0, sha256('train'), true), (2, 1, sha256('evaluate'), true), (2, 2, sha256('prune'), false),
         (2, 3, sha256('benchmark'), false), (3, 0, sha256('broken'), false), (3, 1, sha256('doomed'), false);
  insert into espalier.trial_task
  values (1, 0, 'own', sha256('train')), (1, 1, 'own', sha256('evaluate')),
         (2, 0, 'own', sha256('train')), (2, 1, 'own', sha256('evaluate')),
         (3, 0, 'own', sha256('train')), (3, 1, 'own', sha256('prune')), (3, 2, 'own', sha256('benchmark')),
         (4, 0, 'own', sha256('broken')), (4, 1, 'own', sha256('doomed'));
  insert into espalier.attempt
  values (1, sha256('train'), 'w', 1, 'crashed', 'killed by signal 9', 0.5, 'cpu', now(), now()),
         (2, sha256('train'), 'w', 1, 'succeeded', '', 1.5, 'cpu', now(), now()),
         (3, sha256('evaluate'), 'w', 1, 'succeeded', '', 0.5, 'cpu', now(), now()),
         (4, sha256('broken'), 'v', 2, 'failed', 'loss is NaN', 0.5, 'cpu', now(), now());
  insert into espalier.open_attempt (attempt, task_key, worker, epoch) values (5, sha256('prune'), 'w', 2);
  insert into espalier.result (task_key, attempt, device_class)
  values (sha256('train'), 2, 'cpu'), (sha256('evaluate'), 3, 'cpu');
  insert into espalier.metric
  values (sha256('train'), 'train_loss', 0.25, '', null, null, 1),
         (sha256('evaluate'), 'accuracy', 0.9, '', 0.88, 0.92, 1000);
  insert into espalier.output values (sha256('train'), 'model', sha256('bytes'), 5);
  insert into espalier.curve_point
  values (sha256('train'), 1, 'train_loss', 1, 0.5), (sha256('train'), 2, 'train_loss', 1, 0.25);
  insert into espalier.worker (name, session, device_class, slots, facts, alive)
  values ('w', 's', 'cpu', 2, '{"memory": 1}', true), ('v', 't', 'cpu', 1, '{}', false);
  insert into espalier.event (kind, task_key, attempt, worker, state, reason)
  values ('attempt', sha256('train'), 1, 'w', 'crashed', 'killed by signal 9');
)sql";

// What a later version adds, written by a program of that version.
struct Addition {
  std::size_t since;
  const char* rows;
};
constexpr Addition kAdditions[] = {
    {3, R"sql(
      insert into espalier.checkpoint (task_id, attempt, step, hash, bytes)
      select id, 5, 400, sha256('checkpoint'), 7 from espalier.task where stage = 'prune';
      insert into espalier.attempt_log (attempt, first_byte, text) values (1, 0, 'epoch 1'), (1, 7, ' of 2');
    )sql"},
    {4, R"sql(
      update espalier.job set user_name = 'ann', max_parallel = 3,
        targets = '[{"require": "gpu.count > 0", "any_of": ["memory > 1"]}]' where name = 'running';
      update espalier.worker set cordoned = true where name = 'v';
    )sql"},
    {8, R"sql(
      update espalier.job set folder = '/data', searching = true,
        search = '{"strategy": "nsga2", "trials": 4, "metric": "", "maximize": false, "rungs": {"a": []}}'
      where name = 'running';
      update espalier.trial set point = '{0.5}', generation = 0 where id = 2;
      insert into espalier.generation (job_id, group_name, generation, trials, feasible, front, hypervolume)
      values (2, 'a', 0, 1, 1, 1, 0.5);
    )sql"},
    {9, R"sql(
      update espalier.attempt set begun_event = nextval('espalier.event_id_seq'),
        ended_event = nextval('espalier.event_id_seq') where attempt = 3;
    )sql"},
};

class Upgrade : public DatabaseTest, public ::testing::WithParamInterface<std::size_t> {
 protected:
  Result<void> apply(std::span<const sql::File> migrations) {
    Connection connection(database());
    Transaction transaction(connection);
    auto result = migrate(transaction, migrations, {});
    if (result.has_value()) transaction.commit();
    return result;
  }
  // Migration by migration, as by one program after the other, with what each of them would have written.
  void make_of_version(std::size_t version) {
    for (std::size_t next = 1; next <= version; ++next) {
      ASSERT_TRUE(apply(std::span(sql::migrations).first(next)).has_value());
      if (next == 1) execute(kFirstRelease);
      for (const auto& addition : kAdditions)
        if (addition.since == next) execute(addition.rows);
    }
  }
};

TEST_P(Upgrade, KeepsAllThatADatabaseOfThatVersionHolds) {
  make_of_version(GetParam());
  const auto store = Store::open(database());
  ASSERT_TRUE(store.has_value()) << store.error().message;
  using Lines = std::vector<std::string>;
  EXPECT_EQ(rows("select name, state, priority, groups, finished_at is not null from v1.jobs order by id"),
            (Lines{"done|succeeded|50|{a}|t", "running|running|60|{a,b}|f", "failed|failed|50|{a}|t"}));
  EXPECT_EQ(rows("select id, job_id, group_name, params, state from v1.trials order by id"),
            (Lines{"1|1|a|{\"train.epochs\": 1}|succeeded", "2|2|a|{\"train.epochs\": 1}|succeeded",
                   "3|2|b|{}|running", "4|3|a|{}|failed"}))
      << "that an attempt runs was told by its task's state first, and by its worker later";
  EXPECT_EQ(rows("select stage, key = encode(sha256(stage::bytea), 'hex'), state, failures from v1.tasks "
                 "where stage <> 'train' and reason is null order by stage"),
            (Lines{"benchmark|t|waiting|0", "evaluate|t|succeeded|0", "prune|t|assigned|0"}));
  EXPECT_EQ(rows("select stage, state, reason from v1.tasks where reason is not null order by 1"),
            (Lines{"evaluate|cancelled|an input failed: loss is NaN", "train|failed|loss is NaN"}));
  EXPECT_EQ(rows("select attempt, stage, a.state, a.worker, a.epoch from v1.attempts a join v1.tasks t on "
                 "t.key = a.task_key order by 1"),
            (Lines{"1|train|crashed|w|1", "2|train|succeeded|w|1", "3|evaluate|succeeded|w|1",
                   "4|train|failed|v|2", "5|prune|running|w|2"}));
  EXPECT_EQ(rows("select trial_id, name, value, ci_low, attempt from v1.metrics order by 1, 2"),
            (Lines{"1|accuracy|0.9|0.88|3", "1|train_loss|0.25|null|2", "2|accuracy|0.9|0.88|3",
                   "2|train_loss|0.25|null|2", "3|train_loss|0.25|null|2"}));
  EXPECT_EQ(one("select hash = encode(sha256('bytes'), 'hex'), name, bytes, stage from v1.artifacts"),
            "t|model|5|train");
  EXPECT_EQ(rows("select distinct name, step, value, attempt from v1.curves"), Lines{"train_loss|1|0.25|2"});
  EXPECT_EQ(rows("select name, slots, state, running from v1.workers order by 1"),
            (Lines{"v|1|lost|0", "w|2|alive|1"}));
  EXPECT_EQ(one("select e.kind, e.attempt, t.stage, e.reason from v1.events e join v1.tasks t on t.key = "
                "e.task_key where e.attempt = 1"),
            "attempt|1|train|killed by signal 9");
  EXPECT_EQ(
      one("select encode(input_file, 'hex') = encode(sha256('my weights'), 'hex') from espalier.task_input "
          "where input_file is not null"),
      "t");
  if (GetParam() >= 9) {
    EXPECT_EQ(rows("select kind, state from v1.events where attempt = 3 order by id"),
              (Lines{"attempt|running", "attempt|succeeded"}));
  }
  if (GetParam() >= 3) {
    EXPECT_EQ(one("select attempt, step, bytes from v1.checkpoints"), "5|400|7");
    EXPECT_EQ(one("select string_agg(text, '' order by first_byte) from v1.logs"), "epoch 1 of 2");
  }
  if (GetParam() >= 4) {
    EXPECT_EQ((*store)->job(JobId{2}).targets.at(0).require, "gpu.count > 0");
    EXPECT_EQ(rows("select name from v1.workers where cordoned"), Lines{"v"});
  }
  EXPECT_EQ((*store)->job(JobId{2}).targets.size(), 1U);
  EXPECT_EQ((*store)->job(JobId{2}).searching, GetParam() >= 8);
  if (GetParam() >= 8) {
    EXPECT_EQ((*store)->searching(JobId{2})->told.at("a").at(0).point, std::vector{0.5});
    EXPECT_EQ(one("select generation, hypervolume from v1.generations"), "1|0.5");
  }

  const auto checked = check(database());
  ASSERT_TRUE(checked.has_value()) << checked.error().message;
  for (const auto& violation : checked->violations)
    ADD_FAILURE() << violation.what << ": " << violation.examples[0];
  EXPECT_EQ(checked->tasks, 6);

  const auto reign = (*store)->begin_epoch();
  EXPECT_EQ(reign.epoch, 3);
  EXPECT_EQ(reign.next_attempt, 6);
  EXPECT_EQ(reign.unfinished, std::vector{JobId{2}});
  EXPECT_EQ((*store)->tasks(JobId{2}, 0, 10).tasks.size(), 2U);
  EXPECT_EQ((*store)->open_attempts().at(0).attempt, AttemptId{5});
}

INSTANTIATE_TEST_SUITE_P(FromEachVersion, Upgrade,
                         ::testing::Range<std::size_t>(1, sql::migrations.size() + 1),
                         [](const auto& version) { return "V" + std::to_string(version.param); });

TEST_F(Upgrade, ThatBreaksHalfWayLeavesTheOldSchemaAndAllThatItHolds) {
  make_of_version(1);
  const auto describe = [&] {
    auto all = rows(
        "select table_name, column_name, data_type from information_schema.columns "
        "where table_schema = 'espalier' order by 1, 2");
    const auto applied = rows("select version, checksum from espalier.migration order by 1");
    const auto tasks = rows("select encode(key, 'hex'), stage from espalier.task order by 1");
    all.insert(all.end(), applied.begin(), applied.end());
    all.insert(all.end(), tasks.begin(), tasks.end());
    return all;
  };
  const auto before = describe();
  std::vector<sql::File> files(sql::migrations.begin(), sql::migrations.end());
  files.push_back({"V999__broken", "create table espalier.half (a int); select no_such_function()"});
  EXPECT_ANY_THROW(apply(files));
  EXPECT_EQ(describe(), before);
  EXPECT_TRUE(Store::open(database()).has_value()) << "the program before can still be used";
}

TEST_F(Upgrade, WaitsUntilNoCoordinatorOfAnEarlierVersionReigns) {
  make_of_version(sql::migrations.size() - 1);
  auto earlier = std::make_unique<pqxx::connection>(database());
  pqxx::nontransaction(*earlier).exec(std::string(sql::take_reign_lock));
  const auto refused = Store::open(database());
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().kind, ErrorKind::busy);
  earlier.reset();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  bool opened = false;
  while (!opened && std::chrono::steady_clock::now() < end) opened = Store::open(database()).has_value();
  EXPECT_TRUE(opened) << "once its session is gone";
  const auto later = std::make_unique<pqxx::connection>(database());
  pqxx::nontransaction(*later).exec(std::string(sql::take_reign_lock));
  EXPECT_TRUE(Store::open(database()).has_value()) << "there is nothing to change under it";
}

}  // namespace
}  // namespace espalier::store::testing
