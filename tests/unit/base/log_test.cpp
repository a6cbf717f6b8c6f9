#include "common/base/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>
#include <thread>

namespace espalier {
namespace {

// What a process that logs so writes to standard error.
class Log : public ::testing::Test {
 protected:
  void set_up(const std::string& format) {
    spdlog::drop_all();
    ::testing::internal::CaptureStderr();
    ASSERT_TRUE(set_up_log("tester", spdlog::level::info, format).has_value());
  }
  static std::vector<std::string> lines() {
    log::default_logger()->flush();
    std::istringstream all(::testing::internal::GetCapturedStderr());
    std::vector<std::string> found;
    for (std::string line; std::getline(all, line);) found.push_back(line);
    return found;
  }
};

constexpr const char* kForgery = "w1\n2026-01-01T00:00:00.000Z error coordinator: all is lost\x1b[2J\r";

TEST_F(Log, IsALineAnEventWhateverTheWordsAreThatItRepeats) {
  set_up("text");
  log::warn("worker {} is gone", kForgery);
  const auto said = lines();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_THAT(said[0], ::testing::HasSubstr("warning tester: worker w1\\n2026"));
  EXPECT_THAT(said[0], ::testing::EndsWith("\\x1b[2J\\x0d is gone"));
}

TEST_F(Log, InJsonIsAnObjectALineWithWhatItIsAbout) {
  set_up("json");
  log_about({{"worker", std::string(kForgery)}, {"attempt", 7}, {"garbled", std::string("\xff\xfe")}},
            log::level::warn, "worker {} is gone", kForgery);
  log::info("plain");
  log::debug("not said");
  const auto said = lines();
  ASSERT_EQ(said.size(), 2U);
  const auto first = parse_json(said[0]).value().as_object();
  EXPECT_THAT(std::string(first.at("time").as_string()),
              ::testing::MatchesRegex("20..-..-..T..:..:..\\....Z"));
  EXPECT_EQ(first.at("level").as_string(), "warning");
  EXPECT_EQ(first.at("program").as_string(), "tester");
  EXPECT_EQ(first.at("message").as_string(), std::string("worker ") + kForgery + " is gone");
  EXPECT_EQ(first.at("worker").as_string(), kForgery);
  EXPECT_EQ(first.at("attempt"), 7);
  EXPECT_EQ(first.at("garbled").as_string(), "\xEF\xBF\xBD\xEF\xBF\xBD");
  const auto second = parse_json(said[1]).value().as_object();
  EXPECT_FALSE(second.contains("attempt")) << "fields are of one line";
}

TEST_F(Log, OfOneThreadHasNoFieldsOfAnother) {
  set_up("json");
  const auto speak = [](int number) {
    for (int i = 0; i < 200; ++i) log_about({{"thread", number}}, log::level::info, "{}", number);
  };
  std::thread other(speak, 1);
  speak(2);
  other.join();
  for (const auto& line : lines()) {
    const auto object = parse_json(line).value();
    EXPECT_EQ(std::to_string(object.at("thread").as_int64()), object.at("message").as_string());
  }
}

TEST_F(Log, EndsWithAnErrorInTheFormatThatWasChosen) {
  set_up("json");
  log_end("espalier-tester", {ErrorKind::busy, "the port is taken", "choose another"});
  const auto said = lines();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(parse_json(said[0]).value().at("help").as_string(), "choose another");
  set_up("text");
  log_end("espalier-tester", {ErrorKind::busy, "the port is taken", "choose another"});
  EXPECT_EQ(lines(), (std::vector<std::string>{"espalier-tester: error: the port is taken",
                                               "  help: choose another"}));
}

TEST_F(Log, RefusesAFormatThatItDoesNotKnow) {
  EXPECT_EQ(set_up_log("other", spdlog::level::info, "xml").error().kind, ErrorKind::usage);
}

}  // namespace
}  // namespace espalier
