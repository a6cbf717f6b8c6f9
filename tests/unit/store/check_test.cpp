// `check` finds what is damaged on purpose, and nothing in a store that is used as it should be.
#include "coordinator/store/check.hpp"

#include "tests/unit/store/database.hpp"

namespace espalier::store::testing {
namespace {

class Check : public DatabaseTest {
 protected:
  // A job whose training has its result, and whose pruning runs.
  Check() : store_(open()), epoch_(store_->begin_epoch().epoch) {
    submit(*store_, small_plan(), submission(), epoch_);
    auto writes = success(1, id_of("train"), {metric("train_loss", 0.5)}, {{"model", hash_of("m").value, 1}});
    for (const char* name : {"evaluate-a", "prune"})
      writes.push_back(SetTask{id_of(name), TaskState::ready, 0, ""});
    const AttemptId runs{2};
    writes.push_back(StartAttempt{runs, id_of("prune"), WorkerName{"w1"}});
    writes.push_back(AddPoints{runs, id_of("prune"), {{"l", 1, 0.1}}});
    writes.push_back(AddLog{runs, WorkerName{"w1"}, 0, "hello"});
    writes.push_back(SaveCheckpoint{id_of("prune"), runs, {hash_of("c").value, 9, 1}});
    store_->commit(writes, epoch_);
  }
  std::vector<std::string> found() const {
    const auto checked = check(database());
    if (!checked) return {checked.error().message};
    std::vector<std::string> names;
    for (const auto& violation : checked->violations) {
      names.push_back(violation.check + " " + std::to_string(violation.count));
      EXPECT_FALSE(violation.examples.empty() || violation.examples[0].empty());
      EXPECT_FALSE(violation.help.empty());
    }
    return names;
  }
  std::string number(std::string_view name) const { return std::to_string(id_of(name).value); }

  std::unique_ptr<Store> store_;
  std::int64_t epoch_;
};

using Names = std::vector<std::string>;

TEST_F(Check, FindsNothingInAStoreThatIsUsedAsItShouldBe) {
  EXPECT_EQ(found(), Names{});
  const auto checked = check(database());
  EXPECT_EQ(checked->jobs, 1);
  EXPECT_EQ(checked->trials, 2);
  EXPECT_EQ(checked->tasks, 4);
  EXPECT_EQ(checked->attempts, 1) << "that have ended";
}

TEST_F(Check, FindsEveryKindOfDamage) {
  const struct {
    std::string damage;
    Names names;
  } cases[] = {
      {"update espalier.task_state set result_attempt = null where task_id = " + number("train"),
       {"results 1", "measurements 2"}},
      {"update espalier.attempt set state = 'failed'", {"results 1"}},
      {"update espalier.task_state set state = 'cancelled' where task_id = " + number("prune"),
       {"open attempts 1"}},
      {"insert into espalier.open_attempt (attempt, task_id, worker, epoch) values (9, " + number("prune") +
           ", 'w', 1)",
       {"open attempts 1"}},
      {"insert into espalier.open_attempt (attempt, task_id, worker, epoch) values (1, " + number("prune") +
           ", 'w', 1)",
       {"open attempts 2"}},
      {"update espalier.attempt set epoch = 99", {"attempts 1"}},
      {"update espalier.attempt set task_id = 99", {"results 1", "attempts 1"}},
      {"delete from espalier.task where id = " + number("evaluate-b"), {"edges 4"}},
      {"delete from espalier.task_state where task_id = " + number("evaluate-b"), {"edges 1"}},
      {"update espalier.trial set group_name = 'c' where group_name = 'a'", {"trials 1"}},
      {"delete from espalier.job_task where task_id = " + number("evaluate-b"), {"trials 1"}},
      {"update espalier.job set state = 'succeeded', finished_at = now()", {"jobs 5"}},
      {"update espalier.job set state = 'failed'", {"jobs 1"}},
      {"update espalier.job set searching = true", {"jobs 1"}},
      {"insert into espalier.generation values (99, 'a', 0, 1, 1, 1, 0.5)", {"edges 1"}},
      {"update espalier.trial set point = '{0.5}', rung = 1 where group_name = 'a'", {"trials 2"}},
      {"delete from espalier.output", {"inputs 2"}},
      {"update espalier.attempt_log set attempt = 77", {"records 1"}},
      {"update espalier.curve_point set attempt = 77", {"records 1"}},
      {"update espalier.checkpoint set attempt = 1", {"records 1"}},
      {"update espalier.checkpoint set hash = (select hash from espalier.output)", {"artifacts 1"}},
      {"select setval('espalier.task_id_seq', 1), setval('espalier.trial_id_seq', 1)", {"numbers 2"}},
      {"delete from espalier.coordinator", {"coordinator 1", "attempts 2"}},
  };
  execute("create schema kept");
  const auto tables =
      rows("select relname from pg_class where relnamespace = 'espalier'::regnamespace and relkind = 'r'");
  for (const auto& table : tables)
    execute("create table kept." + table + " as select * from espalier." + table);
  for (const auto& [damage, names] : cases) {
    execute(damage);
    EXPECT_EQ(found(), names) << damage;
    for (const auto& table : tables)
      execute("delete from espalier." + table + "; insert into espalier." + table +
              " overriding system value select * from kept." + table);
    execute("select setval('espalier.task_id_seq', 100), setval('espalier.trial_id_seq', 100)");
    ASSERT_EQ(found(), Names{}) << "after the repair of: " << damage;
  }
}

TEST_F(Check, RefusesASchemaThatIsNotItsOwn) {
  execute("insert into espalier.migration values (999, 'V999__future', 'x')");
  const auto newer = check(database());
  ASSERT_TRUE(newer.has_error());
  EXPECT_THAT(newer.error().message, ::testing::HasSubstr("version 999"));
  execute("drop schema espalier cascade");
  EXPECT_EQ(check(database()).error().kind, ErrorKind::not_found);
}

TEST_F(Check, SaysWhatAFileIsNeededFor) {
  const auto uses = uses_of(database(), {hash_of("m").value, hash_of("junk").value, hash_of("c").value});
  ASSERT_TRUE(uses.has_value()) << uses.error().message;
  EXPECT_THAT((*uses)[0], ::testing::HasSubstr("output model of task"));
  EXPECT_EQ((*uses)[1], kNoUse);
  EXPECT_THAT((*uses)[2], ::testing::HasSubstr("checkpoint of task"));
}

}  // namespace
}  // namespace espalier::store::testing
