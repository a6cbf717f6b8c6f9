#include "tests/unit/core/world.hpp"

namespace espalier::core {
namespace {

class Shares : public World {
 protected:
  JobRow of(const std::string& user, std::int64_t id, int tasks, std::int64_t priority = 50) {
    std::vector<TaskRow> rows;
    for (int i = 0; i < tasks; ++i) rows.push_back(task(user + std::to_string(id) + " " + std::to_string(i)));
    for (auto& row : rows) {
      row.preemptible = true;
      owner_[row.id.value] = user;
      job_of_[row.id.value] = id;
    }
    JobRow row = job(id, std::move(rows), priority);
    row.user = user;
    return row;
  }
  // What each user holds.
  std::map<std::string, int> held() { return held_; }
  Actions& count(Actions& actions) {
    for (const Action& action : actions) {
      if (const auto* give = std::get_if<GiveOut>(&action)) {
        ++held_[owner_[give->task.value]];
        task_of_[give->attempt.value] = give->task.value;
        open_.push_back(give->attempt.value);
      }
    }
    return actions;
  }
  void end(std::int64_t attempt) {
    --held_[owner_[task_of_[attempt]]];
    std::erase(open_, attempt);
    wire::Finished message;
    message.worker = "a";
    message.attempt = attempt;
    message.seconds = 60;
    count(step(AttemptFinished{"peer-a", message}));
  }

  std::map<std::int64_t, std::string> owner_;
  std::map<std::int64_t, std::int64_t> job_of_;
  std::map<std::int64_t, std::int64_t> task_of_;
  std::map<std::string, int> held_;
  std::vector<std::int64_t> open_;
};

TEST_F(Shares, three_users_with_unequal_jobs_come_to_hold_the_same) {
  count(hello("a", 30));
  count(add(of("ann", 1, 300)));
  EXPECT_EQ(held()["ann"], 30);
  count(add(of("bob", 2, 40)));
  count(add(of("bob", 3, 40)));
  count(add(of("cid", 4, 60)));
  for (int i = 0; i < 30; ++i) end(open_.front());
  EXPECT_EQ(held()["ann"], 10);
  EXPECT_EQ(held()["bob"], 10);
  EXPECT_EQ(held()["cid"], 10);
}

TEST_F(Shares, follow_the_weights) {
  Settings settings;
  settings.weights["ann"] = 3;
  core_ = Core(settings);
  step(Started{1, 1});
  count(hello("a", 8));
  count(add(of("ann", 1, 100)));
  count(add(of("bob", 2, 100)));
  for (int i = 0; i < 16; ++i) end(open_.front());
  EXPECT_EQ(held()["ann"], 6);
  EXPECT_EQ(held()["bob"], 2);
}

TEST_F(Shares, are_divided_among_a_users_jobs) {
  count(hello("a", 4));
  count(add(of("ann", 1, 100)));
  count(add(of("ann", 2, 100)));
  for (int i = 0; i < 8; ++i) end(open_.front());
  EXPECT_EQ(std::count_if(open_.begin(), open_.end(),
                          [&](auto attempt) { return job_of_[task_of_[attempt]] == 2; }),
            2);
}

TEST_F(Shares, do_not_count_against_a_priority) {
  count(hello("a", 4));
  count(add(of("ann", 1, 100, 60)));
  count(add(of("bob", 2, 100, 50)));
  for (int i = 0; i < 8; ++i) end(open_.front());
  EXPECT_EQ(held()["ann"], 4);
}

TEST_F(Shares, a_training_makes_room_for_a_higher_priority_once_that_has_waited) {
  count(hello("a", 2));
  count(add(of("ann", 1, 2, 50)));
  add(of("bob", 2, 1, 90));
  EXPECT_TRUE(all<GiveOut>().empty());
  EXPECT_TRUE(messages<wire::Cancel>().empty());
  ASSERT_TRUE(core_.next_deadline());
  EXPECT_LE(*core_.next_deadline(), now_ + 2s);
  beat("a", open_);
  now_ += 2s;
  beat("a", open_);
  ASSERT_EQ(messages<wire::Cancel>().size(), 1u) << "one is enough";
  EXPECT_EQ(messages<wire::Cancel>()[0].attempt, 2) << "the youngest";
  ASSERT_EQ(all<GiveOut>().size(), 1u);
  EXPECT_EQ(owner_[all<GiveOut>()[0].task.value], "bob");
  ASSERT_EQ(writes<EndAttempt>().size(), 1u);
  EXPECT_EQ(writes<EndAttempt>()[0].state, AttemptState::cancelled);
  EXPECT_NE(writes<EndAttempt>()[0].reason.find("priority 90"), std::string::npos);
  finish("a", all<GiveOut>()[0].attempt.value);
  EXPECT_EQ(all<GiveOut>().size(), 1u) << "the training goes on";
}

TEST_F(Shares, what_can_not_go_on_from_somewhere_is_never_taken) {
  hello("a", 1);
  JobRow row = of("ann", 1, 1, 10);
  row.tasks[0].preemptible = false;
  add(row);
  add(of("bob", 2, 1, 90));
  for (int i = 0; i < 20; ++i) {
    now_ += 2s;
    beat("a", {1});
    EXPECT_TRUE(messages<wire::Cancel>().empty());
  }
}

TEST_F(Shares, a_benchmark_of_higher_priority_empties_a_host_of_trainings) {
  hello("a", 2);
  add(of("ann", 1, 2, 10));
  add(job(2, {task("benchmark", {}, true)}, 90));
  now_ += 2s;
  beat("a", {1, 2});
  EXPECT_EQ(messages<wire::Cancel>().size(), 2u);
  EXPECT_NE(given("benchmark"), 0);
}

}  // namespace
}  // namespace espalier::core
