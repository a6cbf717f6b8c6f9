#include "worker/agent/attempt_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <unistd.h>

#include <fstream>

#include "common/base/json.hpp"

namespace espalier::agent {
namespace {

std::string clean(const std::string& bytes) {
  std::size_t used = 0;
  return clean_utf8(bytes, true, used);
}

TEST(CleanUtf8, KeepsWhatIsAndReplacesWhatIsNot) {
  EXPECT_EQ(clean("caf\u00e9 \u20ac \U0001F600"), "caf\u00e9 \u20ac \U0001F600");
  EXPECT_EQ(clean("a\xffz"), "a\uFFFDz");
  EXPECT_EQ(clean(std::string("a\0z", 3)), "a\uFFFDz");
  EXPECT_EQ(clean("\xc0\xaf"), "\uFFFD\uFFFD") << "overlong";
  EXPECT_EQ(clean("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD") << "a surrogate";
  std::size_t used = 0;
  EXPECT_EQ(clean_utf8("ab\xe2\x82", false, used), "ab");
  EXPECT_EQ(used, 2U);
}

TEST(CleanUtf8, MakesOfAnyBytesWhatJsonTakes) {
  EXPECT_TRUE(rc::check([](const std::string& bytes) {
    const auto text = clean(bytes);
    boost::system::error_code refused;
    const auto value = json::parse(json::serialize(json::value(text)), refused);
    RC_ASSERT(!refused);
    RC_ASSERT(value.as_string() == text);
    RC_ASSERT(text.find('\0') == std::string::npos);
  }));
}

class LogOfAnAttempt : public ::testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(file_); }
  void write(const std::string& text) { std::ofstream(file_, std::ios::app | std::ios::binary) << text; }
  // Everything that may be told now; checks that the pieces join.
  std::string tell(bool ended = false) {
    std::string told;
    while (auto piece = log_.next(ended)) {
      EXPECT_EQ(piece->offset, next_);
      next_ += static_cast<std::int64_t>(piece->text.size());
      told += piece->text;
    }
    return told;
  }
  std::filesystem::path file_ =
      std::filesystem::temp_directory_path() / ("attempt_log_test-" + std::to_string(::getpid()));
  AttemptLog log_{file_, LogLimits{100, 50, 30}};
  std::int64_t next_ = 0;
};

TEST_F(LogOfAnAttempt, IsToldAsItGrows) {
  EXPECT_EQ(tell(), "") << "there is no file yet";
  write("epoch 1\n");
  EXPECT_EQ(tell(), "epoch 1\n");
  write("epoch \xe2\x82");
  EXPECT_EQ(tell(), "epoch ");
  write("\xac\n");
  EXPECT_EQ(tell(), "\u20ac\n");
  EXPECT_EQ(tell(true), "");
}

TEST_F(LogOfAnAttempt, ThatIsLongIsToldAtItsHeadAndAtItsTail) {
  write(std::string(100, 'h') + std::string(1000, 'x'));
  EXPECT_EQ(tell(), std::string(100, 'h'));
  write(std::string(50, 't'));
  EXPECT_EQ(tell(), "") << "the tail isn't known before the end";
  EXPECT_EQ(tell(true), "\n[1000 bytes were left out here]\n" + std::string(50, 't'));
}

TEST_F(LogOfAnAttempt, ThatIsJustLongerThanItsHeadIsToldWhole) {
  write(std::string(130, 'a'));
  EXPECT_EQ(tell() + tell(true), std::string(130, 'a'));
}

}  // namespace
}  // namespace espalier::agent
