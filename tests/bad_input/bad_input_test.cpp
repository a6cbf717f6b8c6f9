// What workers, and others who reach their port, say wrongly. It changes nothing, is counted, and who can
// still be helped gets a sentence.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "common/base/hash.hpp"
#include "common/net/router_socket.hpp"
#include "common/wire/codec.hpp"
#include "tests/bad_input/stranger.hpp"
#include "tests/system/counts.hpp"
#include "tests/system/running_system.hpp"

namespace espalier::test {
namespace {

using ::testing::HasSubstr;

class BadInput : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(system_.start()) << system_.said(); }

  [[nodiscard]] std::int64_t number(const std::string& statement) const {
    return system_.sql(statement).at(0).as_object().begin()->value().to_number<std::int64_t>();
  }
  [[nodiscard]] std::string log_of(const std::string& worker) const {
    std::ostringstream text;
    text << std::ifstream(system_.sandbox().state() / "logs" / (worker + ".log")).rdbuf();
    return text.str();
  }

  RunningSystem system_;
};

TEST_F(BadInput, GarbageForgeriesAndRepetitionsChangeNothingAndAreCounted) {
  system_.hold();
  const auto job = system_.submit(wide_job(4));
  ASSERT_TRUE(eventually([&] { return system_.busy() >= 4; }));
  const auto attempts = number("select count(*) n from v1.attempts");

  Stranger stranger(system_.address("zmq").value());
  for (const auto* bytes : {"", "\xff\xfe\x00 garbage", "{\"type\":\"finished\",\"attempt\":1",
                            "{\"type\":\"dance\"}", "[[[[[[", "17"})
    EXPECT_TRUE(stranger.say(bytes));
  EXPECT_TRUE(stranger.say("[" + wire::encode(wire::ToCoordinator(wire::Heartbeat{"w", "s", {}, 1})) +
                           ",{\"type\":\"dance\"}]"));
  EXPECT_TRUE(stranger.say(std::string(100'000, '[')));
  EXPECT_TRUE(stranger.say("two", true));
  EXPECT_TRUE(stranger.say("parts"));
  EXPECT_TRUE(counted(system_, "undecodable", 9));

  wire::Finished finished;
  finished.worker = "a stranger";
  finished.seq = 1;
  const auto whole = wire::encode(finished);
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_TRUE(stranger.say(whole.substr(0, size)));
  EXPECT_TRUE(counted(system_, "undecodable", 9 + static_cast<std::int64_t>(whole.size())))
      << "cut off anywhere";
  for (finished.attempt = 1; finished.attempt <= 4; ++finished.attempt)
    EXPECT_TRUE(stranger.say(wire::encode(finished)));
  EXPECT_TRUE(counted(system_, "forged", 4));

  finished.attempt = 1'000'000;  // nobody gave it out
  EXPECT_TRUE(stranger.say(wire::encode(finished)));
  const auto answer = stranger.hear();
  ASSERT_TRUE(answer.has_value());
  EXPECT_THAT(*answer, HasSubstr(R"("attempt":1000000)"))
      << "an honest worker would repeat it for ever otherwise";
  EXPECT_TRUE(counted(system_, "late", 1));

  const auto known = system_.sql("select name from v1.workers limit 1").at(0).at("name").as_string();
  EXPECT_TRUE(stranger.say(wire::encode(wire::Goodbye{std::string(known), "another session"})));
  EXPECT_TRUE(stranger.say(wire::encode(wire::Heartbeat{std::string(known), "another session", {1}, 1})));
  EXPECT_TRUE(counted(system_, "unknown_worker", 2));

  EXPECT_TRUE(stranger.say(std::string(net::kLargestMessage + 1, ' ')));
  EXPECT_TRUE(counted(system_, "oversized", 1));
  EXPECT_TRUE(stranger.say(std::string(net::kLargestReceived + 1, ' ')));  // here ZeroMQ itself cuts the line
  Stranger next(system_.address("zmq").value());
  EXPECT_TRUE(next.say("still there?"));
  EXPECT_TRUE(counted(system_, "undecodable", 10 + static_cast<std::int64_t>(whole.size())));
  system_.release();
  EXPECT_TRUE(eventually([&] { return system_.state(job) == "succeeded"; })) << system_.said();
  EXPECT_EQ(attempts, 4);
  EXPECT_EQ(number("select count(*) n from v1.attempts"), 12);
  EXPECT_EQ(number("select count(*) n from v1.attempts where state <> 'succeeded'"), 0);
}

TEST_F(BadInput, AnArtifactThatDoesNotHashToItsNameIsRefusedAndNotKept) {
  const auto url = system_.address("http").value() + "/api/v1/artifacts/" + sha256_hex("what was promised");
  const auto put = net::request("PUT", url, "something else", std::chrono::seconds(5));
  ASSERT_TRUE(put.has_value());
  EXPECT_EQ(put->status, 400) << put->body;
  const auto found = net::request("GET", url, "", std::chrono::seconds(5));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->status, 404);
}

TEST_F(BadInput, AWorkerOfAnotherProtocolVersionIsToldWhatToInstall) {
  Stranger stranger(system_.address("zmq").value());
  EXPECT_TRUE(
      stranger.say(R"({"type":"hello","protocol":2,"worker":"newer","session":"s","colours":["red"]})"));
  const auto answer = stranger.hear();
  ASSERT_TRUE(answer.has_value());
  EXPECT_THAT(
      *answer,
      HasSubstr("the worker speaks protocol 2, this coordinator 1: install the same version of Espalier"));
  EXPECT_TRUE(counted(system_, "refused_worker", 1));
  EXPECT_FALSE(system_.worker_is_alive("newer"));
}

TEST_F(BadInput, ASecondWorkerOfOneNameEndsWithASentenceAndTheFirstGoesOn) {
  auto first = system_.start_worker("twin", 1);
  ASSERT_TRUE(eventually([&] { return system_.worker_is_alive("twin"); }));
  auto second = system_.start_worker("twin", 1);
  ASSERT_TRUE(second.wait_for(std::chrono::seconds(30)).has_value());
  EXPECT_NE(second.poll()->code, 0);
  EXPECT_THAT(log_of("twin"), HasSubstr("a worker named \"twin\" is connected already: choose another name"));
  EXPECT_FALSE(first.poll().has_value());
  EXPECT_TRUE(system_.worker_is_alive("twin"));
  first.stop(SIGTERM, std::chrono::seconds(10));
}

}  // namespace
}  // namespace espalier::test
