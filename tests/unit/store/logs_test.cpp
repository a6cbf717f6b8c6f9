#include "tests/unit/store/database.hpp"

namespace espalier::store::testing {
namespace {

class Logs : public DatabaseTest {
 protected:
  void SetUp() override {
    submit(*store_, small_plan(), submission(), epoch_);
    store_->commit({StartAttempt{AttemptId{1}, id_of("train"), WorkerName{"w1"}}}, epoch_);
  }
  void add(std::int64_t attempt, std::int64_t offset, const std::string& text, const char* worker = "w1") {
    store_->commit({AddLog{AttemptId{attempt}, WorkerName{worker}, offset, text}}, epoch_);
  }
  json::object log(std::int64_t attempt, std::int64_t from) {
    return store_->attempt_log(AttemptId{attempt}, from).value();
  }

  std::unique_ptr<Store> store_ = open();
  std::int64_t epoch_ = store_->begin_epoch().epoch;
};

TEST_F(Logs, AreReadFromAnyByteWithoutCuttingACharacter) {
  add(1, 0, "one ");
  add(1, 4, "zw\u00f6lf\n");
  const auto whole = log(1, 0);
  EXPECT_EQ(whole.at("text"), "one zw\u00f6lf\n");
  EXPECT_EQ(whole.at("next"), 11);
  EXPECT_EQ(whole.at("ended"), false);
  EXPECT_EQ(log(1, 6).at("text"), "\u00f6lf\n");
  EXPECT_EQ(log(1, 7).at("text"), "lf\n") << "in the middle of the \u00f6";
  EXPECT_EQ(log(1, 11).at("text"), "");
  EXPECT_EQ(log(1, 11).at("next"), 11);
}

TEST_F(Logs, RepeatedOrForgedChangeNothing) {
  add(1, 0, "once\n");
  add(1, 0, "twice\n");
  add(1, 5, "forged", "w2");
  add(99, 0, "of an attempt that nobody gave out");
  EXPECT_THAT(rows("select attempt, first_byte, text from v1.logs"), ::testing::ElementsAre("1|0|once\n"));
  EXPECT_FALSE(store_->attempt_log(AttemptId{99}, 0).has_value());
}

TEST_F(Logs, OfAnAttemptThatEndedOrWasLostAreKept) {
  store_->commit({EndAttempt{AttemptId{1}, AttemptState::lost, "gone", 0, ""}}, epoch_);
  add(1, 0, "last words\n");
  EXPECT_EQ(log(1, 0).at("text"), "last words\n");
  EXPECT_EQ(log(1, 0).at("ended"), true);
}

TEST_F(Logs, AreFoundByTrialAndByTheBeginningOfAKey) {
  const auto trial = one("select min(trial_id) from v1.trial_tasks");
  for (const auto& of : {trial, key_of("train").value, key_of("train").value.substr(0, 6)}) {
    const auto found = store_->attempts_of(of);
    ASSERT_TRUE(found.has_value()) << of;
    ASSERT_EQ(found->at("attempts").as_array().size(), 1U) << of;
    EXPECT_EQ(found->at("attempts").at(0).at("stage"), "train");
    EXPECT_EQ(found->at("attempts").at(0).at("state"), "running");
    EXPECT_EQ(found->at("ended"), false);
  }
  for (const auto* nobody : {"", "999999", "abc", "zzzzzz", "0123456789abcdef0"})
    EXPECT_FALSE(store_->attempts_of(nobody).has_value()) << nobody;
}

class Checkpoints : public Logs {
 protected:
  void save(std::int64_t attempt, std::int64_t step, const char* name) {
    const SaveCheckpoint saved{id_of("train"), AttemptId{attempt},
                               wire::Checkpoint{hash_of(name).value, 100, step}};
    store_->commit({saved}, epoch_);
  }
  // What the next attempt would be given.
  std::vector<wire::Input> next(std::int64_t attempt) {
    store_->commit({EndAttempt{AttemptId{attempt - 1}, AttemptState::lost, "gone", 0, ""}}, epoch_);
    return store_->commit({StartAttempt{AttemptId{attempt}, id_of("train"), WorkerName{"w2"}}}, epoch_)
        .at(0)
        .inputs;
  }
};

TEST_F(Checkpoints, TheNewestIsAnInputOfTheNextAttemptAndItsEventSaysFromWhere) {
  save(1, 20, "second");
  save(1, 10, "first");
  const auto inputs = next(2);
  ASSERT_EQ(inputs.size(), 1U);
  EXPECT_EQ(inputs[0].role, "checkpoint");
  EXPECT_EQ(inputs[0].hash, hash_of("second").value);
  EXPECT_EQ(inputs[0].bytes, 100);
  EXPECT_EQ(one("select reason from v1.events where attempt = 2 and state = 'running'"),
            "goes on after step 20, the checkpoint of attempt 1");
  save(2, 5, "a later attempt that started anew");
  EXPECT_EQ(next(3).at(0).hash, hash_of("a later attempt that started anew").value);
}

TEST_F(Checkpoints, AreNoMoreSavedOnceThereIsAResultAndGoWithTheGarbage) {
  save(1, 20, "second");
  EXPECT_TRUE(store_->unneeded_artifacts({hash_of("second")}).empty());
  store_->commit(success(1, id_of("train")), epoch_);
  save(1, 30, "third");
  EXPECT_EQ(one("select step from v1.checkpoints"), "20");
  EXPECT_EQ(store_->unneeded_artifacts({hash_of("second")}).size(), 1U);
  store_->drop_ended_checkpoints(epoch_);
  EXPECT_TRUE(rows("select 1 from v1.checkpoints").empty());
}

TEST_F(Logs, WhatIsAnOutputOrAnInputIsNoGarbage) {
  auto plan = small_plan();
  plan.tasks[0].key = key_of("train from a file");
  plan.tasks[0].inputs = {{"weights", {}, "", hash_of("the user's file")}};
  submit(*store_, plan, submission("with a file"), epoch_);
  store_->commit(success(1, id_of("train"), {}, {{"model", hash_of("weights").value, 1}}), epoch_);
  const auto unneeded =
      store_->unneeded_artifacts({hash_of("weights"), hash_of("the user's file"), hash_of("junk")});
  EXPECT_THAT(unneeded, ::testing::ElementsAre(hash_of("junk")));
}

TEST_F(Logs, TheOldestAttemptUnderWayIsKnown) {
  execute("update espalier.open_attempt set started_at = now() - interval '2 hours'");
  EXPECT_GE(store_->oldest_attempt().value(), std::chrono::hours(2));
  store_->commit({EndAttempt{AttemptId{1}, AttemptState::lost, "gone", 0, ""}}, epoch_);
  EXPECT_FALSE(store_->oldest_attempt().has_value());
}

}  // namespace
}  // namespace espalier::store::testing
