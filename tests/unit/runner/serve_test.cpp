#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>
#include <thread>

#include "worker/runner/serve.hpp"

namespace espalier::runner {
namespace {

// The agent's end of the conversation; the runner's runs on a thread that ends when the socket closes.
class Conversation : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_), 0);
    agent_ = std::make_unique<LineChannel>(ends_[0]);
    runner_ = std::thread([this] { code_ = serve(ends_[1]); });
  }
  void TearDown() override {
    shutdown(ends_[0], SHUT_RDWR);
    if (runner_.joinable()) runner_.join();
    close(ends_[0]);
    close(ends_[1]);
  }
  json::object hear() {
    auto line = agent_->read_line();
    return line ? parse_json(*line)->as_object() : json::object{};
  }
  json::object finished() {
    for (;;) {
      auto message = hear();
      if (message.empty()) return message;
      if (message.contains("finished")) return message.at("finished").as_object();
    }
  }

  int ends_[2] = {-1, -1};
  std::unique_ptr<LineChannel> agent_;
  std::thread runner_;
  int code_ = -1;
};

TEST_F(Conversation, BeginsWithWhatTheRunnerIsAndEndsWithTheSocket) {
  const auto message = hear();
  const auto& hello = message.at("hello").as_object();
  EXPECT_EQ(std::string(hello.at("device_class").as_string()).rfind("cpu|", 0), 0U);
  EXPECT_FALSE(hello.at("engines").as_array().empty());
  shutdown(ends_[0], SHUT_WR);
  runner_.join();
  EXPECT_EQ(code_, 0);
}

TEST_F(Conversation, GoesOnAfterTasksThatFailAndLinesThatAreNoMessages) {
  hear();
  agent_->write_line("nonsense");
  agent_->write_line(R"({"run": {"attempt": 3}})");
  auto answer = finished();
  EXPECT_EQ(answer.at("attempt").as_int64(), 3);
  EXPECT_EQ(answer.at("outcome").as_string(), "failed");
  agent_->write_line(
      R"({"run": {"attempt": 4, "folder": "/tmp", "inputs": {}, "spec": {"stage": "polish"}}})");
  answer = finished();
  EXPECT_EQ(answer.at("attempt").as_int64(), 4);
  EXPECT_FALSE(answer.at("retryable").as_bool());
  EXPECT_NE(std::string(answer.at("reason").as_string()).find("polish"), std::string::npos);
}

TEST_F(Conversation, ReportsProgressAndTheOutputsOfATask) {
  hear();
  const auto folder =
      std::filesystem::path(testing::TempDir()) / ("espalier_serve_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const json::object spec{
      {"stage", "train"},
      {"seed", 1},
      {"data",
       json::parse(
           R"({"format": "synthetic", "input_shape": [1, 8, 8], "train_samples": 32, "val_samples": 8})")},
      {"model", {{"name", "mlp"}, {"width", 0.1}}},
      {"settings", {{"epochs", 2}}}};
  agent_->write_line(json::serialize(json::object{
      {"run", {{"attempt", 9}, {"folder", folder.string()}, {"inputs", json::object()}, {"spec", spec}}}}));
  const auto progress = hear();
  EXPECT_EQ(progress.at("progress").as_object().at("attempt").as_int64(), 9);
  const auto answer = finished();
  EXPECT_EQ(answer.at("outcome").as_string(), "succeeded") << json::serialize(answer);
  const auto path = std::string(answer.at("outputs").as_array().at(0).as_object().at("path").as_string());
  EXPECT_TRUE(std::filesystem::exists(path));
  std::filesystem::remove_all(folder);
}

TEST(AnOutcome, HasNullForWhatIsNoNumber) {
  const auto infinite = std::numeric_limits<double>::infinity();
  const auto message =
      succeeded({{{"loss", std::nan(""), "", -infinite, infinite, 3}, {"accuracy", {}, "", {}, {}, 0}}, {}});
  const auto read = parse_json(json::serialize(message));
  ASSERT_TRUE(read) << json::serialize(message);
  const auto& loss = read->as_object().at("metrics").as_array().at(0).as_object();
  for (const char* member : {"value", "ci_low", "ci_high"}) EXPECT_TRUE(loss.at(member).is_null()) << member;
  EXPECT_EQ(loss.at("samples").as_int64(), 3);
}

}  // namespace
}  // namespace espalier::runner
