// Messages that are well formed and not true: everything that a worker said is said again, and things are
// said in its name. The only worker is one of the test's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "common/base/hash.hpp"
#include "common/wire/codec.hpp"
#include "tests/bad_input/stranger.hpp"
#include "tests/system/counts.hpp"

namespace espalier::test {
namespace {

using ::testing::HasSubstr;

class Speaker : public Stranger {
 public:
  using Stranger::Stranger;
  // The next message of that kind; those before it are passed over.
  template <class Message>
  std::optional<Message> next() {
    for (;;) {
      while (!heard_.empty()) {
        const auto message = std::move(heard_.front());
        heard_.pop_front();
        if (const auto* wanted = std::get_if<Message>(&message)) return *wanted;
      }
      const auto frame = hear();
      if (!frame) return std::nullopt;
      const auto messages = wire::decode_all_to_worker(*frame).value();
      heard_.insert(heard_.end(), messages.begin(), messages.end());
    }
  }

 private:
  std::deque<wire::ToWorker> heard_;
};

class Impostor : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(system_.start_database());
    coordinator_ = system_.start_coordinator("127.0.0.1");
    worker_.emplace(system_.address("zmq").value());
  }

  void say(const wire::ToCoordinator& message) {
    said_.push_back(wire::encode(message));
    EXPECT_TRUE(worker_->say(said_.back()));
  }

  static wire::Hello hello(const std::string& worker, const std::string& session) {
    wire::Hello hello;
    hello.worker = worker;
    hello.session = session;
    hello.device_class = "cpu|fake";
    hello.beat = 1;
    return hello;
  }

  static wire::Finished end_of(std::int64_t attempt, const std::string& worker, std::int64_t seq) {
    wire::Finished finished;
    finished.worker = worker;
    finished.attempt = attempt;
    finished.seq = seq;
    return finished;
  }

  void carry_out(const wire::Assign& assign) {
    wire::Progress progress{"worker", assign.attempt, 1, 0.5, "half", {{"train_loss", 1, 0.5}}, std::nullopt};
    say(progress);
    say(wire::LogText{"worker", assign.attempt, 2, 0, "a line\n"});
    auto finished = end_of(assign.attempt, "worker", 3);
    finished.device_class = "cpu|fake";
    finished.metrics = {{"train_loss", 0.5, "", std::nullopt, std::nullopt, 1}};
    for (const char* name : {"model", "samples"}) finished.outputs.push_back({name, sha256_hex(name), 5});
    say(finished);
  }

  [[nodiscard]] std::string everything_on_record() const {
    std::string all;
    for (const char* table : {"attempts", "tasks", "trials", "metrics", "curves", "logs", "artifacts"})
      all += json::serialize(system_.sql(std::string("select * from ") + table + " as t order by t::text")) +
             "\n";
    return all + json::serialize(system_.sql("select * from events where kind <> 'worker' order by 1"));
  }

  RunningSystem system_{{.lease_ms = 60'000}};  // the worker says little
  ChildProcess coordinator_;
  std::optional<Speaker> worker_;
  std::vector<std::string> said_;
};

TEST_F(Impostor, WhoRepeatsAllThatAWorkerSaidChangesNothing) {
  say(hello("worker", "session"));
  ASSERT_TRUE(worker_->next<wire::Welcome>().has_value());
  const auto job = system_.submit(wide_job(1));
  for (int task = 0; task < 3; ++task) {
    const auto assign = worker_->next<wire::Assign>();
    ASSERT_TRUE(assign.has_value()) << system_.said();
    carry_out(*assign);
  }
  say(wire::Heartbeat{"worker", "session", {}, 2});
  ASSERT_TRUE(eventually([&] { return system_.state(job) == "succeeded"; })) << system_.said();
  const auto before = everything_on_record();
  const auto understood = metric(system_, "espalier_worker_messages_total");
  EXPECT_EQ(understood, static_cast<std::int64_t>(said_.size()));

  Stranger other(system_.address("zmq").value());
  for (const auto& message : said_)
    for (int times = 0; times < 2; ++times) EXPECT_TRUE(other.say(message));
  std::reverse(said_.begin(), said_.end());
  for (const auto& message : said_) EXPECT_TRUE(other.say(message));
  EXPECT_TRUE(eventually([&] {
    return metric(system_, "espalier_worker_messages_total") ==
           understood + 3 * static_cast<std::int64_t>(said_.size());
  }));
  EXPECT_TRUE(counted(system_, "late", 3 * 6)) << "progress and ends of three attempts";
  EXPECT_EQ(everything_on_record(), before);

  const auto goodbye = wire::encode(wire::Goodbye{"worker", "session"});
  for (int times = 0; times < 3; ++times) EXPECT_TRUE(other.say(goodbye));
  EXPECT_TRUE(counted(system_, "unknown_worker", 2)) << "the first one is heard";
  EXPECT_EQ(everything_on_record(), before);
}

TEST_F(Impostor, WhoSpeaksInAWorkersNameOrOfItsAttemptChangesNothing) {
  say(hello("worker", "session"));
  ASSERT_TRUE(worker_->next<wire::Welcome>().has_value());
  const auto job = system_.submit(wide_job(1));
  const auto assign = worker_->next<wire::Assign>();
  ASSERT_TRUE(assign.has_value()) << system_.said();
  say(wire::Heartbeat{"worker", "session", {assign->attempt}, 2});
  ASSERT_TRUE(
      eventually([&] { return system_.sql("select 1 from tasks where state = 'running'").size() == 1; }));
  const auto before = everything_on_record();

  Speaker impostor(system_.address("zmq").value());
  // Of another session than the worker's.
  EXPECT_TRUE(impostor.say(wire::encode(hello("worker", "forged"))));
  EXPECT_TRUE(counted(system_, "refused_worker", 1));
  EXPECT_TRUE(impostor.say(wire::encode(wire::Heartbeat{"worker", "forged", {}, 1})));
  EXPECT_TRUE(impostor.say(wire::encode(wire::Goodbye{"worker", "forged"})));
  EXPECT_TRUE(counted(system_, "unknown_worker", 2));
  // As another worker, of a reign that never was, which claims to hold the attempt.
  auto claim = hello("impostor", "session");
  claim.epoch = 999;
  claim.attempts = {assign->attempt};
  EXPECT_TRUE(impostor.say(wire::encode(claim)));
  const auto welcome = impostor.next<wire::Welcome>();
  ASSERT_TRUE(welcome.has_value());
  EXPECT_EQ(welcome->epoch, 1);
  for (const wire::ToCoordinator& report :
       {wire::ToCoordinator(
            wire::Progress{"impostor", assign->attempt, 9, 1, "", {{"a", 1, 1}}, std::nullopt}),
        wire::ToCoordinator(wire::LogText{"impostor", assign->attempt, 9, 0, "lies\n"}),
        wire::ToCoordinator(end_of(assign->attempt, "impostor", 9))})
    EXPECT_TRUE(impostor.say(wire::encode(report)));
  EXPECT_TRUE(counted(system_, "forged", 3));
  EXPECT_EQ(everything_on_record(), before);

  // The attempt is given up; its late end is only believed from who had it.
  EXPECT_TRUE(impostor.say(wire::encode(wire::Goodbye{"impostor", "session"})));
  ASSERT_TRUE(eventually([&] { return !system_.worker_is_alive("impostor"); }));
  say(wire::Goodbye{"worker", "session"});
  ASSERT_TRUE(
      eventually([&] { return system_.sql("select 1 from attempts where state = 'lost'").size() == 1; }));
  EXPECT_TRUE(impostor.say(wire::encode(end_of(assign->attempt, "impostor", 10))));
  EXPECT_TRUE(counted(system_, "late", 1));
  EXPECT_EQ(system_.sql("select 1 from attempts where attempt = 1 and state = 'lost'").size(), 1U);
  EXPECT_EQ(system_.state(job), "running");
}

TEST_F(Impostor, ADatabaseOfALaterVersionIsLeftAlone) {
  coordinator_.stop(SIGTERM, std::chrono::seconds(10));
  const auto version = [&](const char* statement) {
    return system_.psql({statement}).value_or("psql failed");
  };
  version("insert into espalier.migration values (999, 'V999__future', 'x')");
  const char* contents =
      "select max(version), (select epoch from espalier.coordinator) from espalier.migration";
  const auto before = version(contents);
  EXPECT_THAT(before, HasSubstr("999"));
  auto refused = system_.start_coordinator("127.0.0.2");
  const auto ended = refused.wait_for(std::chrono::seconds(30));
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->code, 1);
  EXPECT_THAT(system_.said(),
              HasSubstr("the database's schema is newer than this program: it has migration V999__future"));
  EXPECT_EQ(version(contents), before);
}

}  // namespace
}  // namespace espalier::test
