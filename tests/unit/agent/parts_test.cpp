#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker/agent/limits.hpp"
#include "worker/agent/progress_gate.hpp"
#include "worker/agent/runner_protocol.hpp"

namespace espalier::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
constexpr MonotonicTime kStart{seconds(1'000)};

TEST(ProgressGate, LetsAtMostFourASecondOutAndLosesNoPoint) {
  ProgressGate gate;
  std::vector<wire::Progress> out;
  for (int i = 0; i < 1'000; ++i) {
    gate.take({1, i / 1'000.0, std::to_string(i), {{"loss", static_cast<double>(i), 0.1}}, {}});
    if (auto progress = gate.release(kStart + milliseconds(i))) out.push_back(std::move(*progress));
  }
  if (auto progress = gate.release(kStart + seconds(1), true)) out.push_back(std::move(*progress));
  EXPECT_LE(out.size(), 6U);
  double step = 0;
  std::int64_t seq = 0;
  for (const auto& progress : out) {
    EXPECT_EQ(progress.seq, ++seq);
    for (const auto& point : progress.points) EXPECT_EQ(point.step, step++);
  }
  EXPECT_EQ(step, 1'000);
  EXPECT_EQ(out.back().note, "999");
}

TEST(ProgressGate, NeverHoldsMuchMoreThanAMessageShouldHave) {
  ProgressGate gate;
  std::size_t most = 0;
  std::size_t all = 0;
  for (int i = 0; i < 100; ++i) {
    gate.take({1, 0.5, "", std::vector<wire::CurvePoint>(1'000, {"loss", 1, 0.1}), {}});
    const auto progress = gate.release(kStart, i == 99);  // all of it at once
    if (!progress) continue;
    most = std::max(most, progress->points.size());
    all += progress->points.size();
  }
  EXPECT_LE(most, 3'000U);
  EXPECT_EQ(all, 100'000U);
}

TEST(ProgressGate, ACheckpointGoesWithTheLatestFraction) {
  ProgressGate gate;
  gate.take({1, 0.4, "epoch 2", {}, {}});
  ASSERT_TRUE(gate.release(kStart).has_value());
  gate.take(wire::Checkpoint{"hash", 10, 40});
  EXPECT_FALSE(gate.release(kStart + milliseconds(10)).has_value());
  const auto progress = gate.release(kStart + seconds(1));
  ASSERT_TRUE(progress && progress->checkpoint);
  EXPECT_EQ(progress->checkpoint->step, 40);
  EXPECT_EQ(progress->fraction, 0.4);
  EXPECT_EQ(progress->note, "epoch 2");
}

TEST(ProgressGate, HasNothingToSayWithoutNews) {
  ProgressGate gate;
  EXPECT_FALSE(gate.release(kStart, true).has_value());
}

TEST(Limits, TimeIsOverAtItsLimitAndSaysWhichItWas) {
  EXPECT_FALSE(over_time(1.5, milliseconds(1'499)).has_value());
  EXPECT_THAT(over_time(1.5, milliseconds(1'500)).value(), HasSubstr("1.5 s"));
  EXPECT_FALSE(over_time(0, seconds(1'000'000)).has_value());
}

TEST(Limits, MemoryIsOverAboveItsLimitAndSaysWhichItWas) {
  constexpr std::int64_t kMiB = 1 << 20;
  EXPECT_FALSE(over_memory(100 * kMiB, 100 * kMiB).has_value());
  EXPECT_THAT(over_memory(100 * kMiB, 120 * kMiB).value(), HasSubstr("120 MiB"));
  EXPECT_FALSE(over_memory(100 * kMiB, std::nullopt).has_value());
  EXPECT_FALSE(over_memory(0, 120 * kMiB).has_value());
}

TEST(Limits, WantOfMemoryIsSaidWithWhatIsKnownOfTheNeed) {
  constexpr std::int64_t kMiB = 1 << 20;
  EXPECT_EQ(
      with_need(beyond_memory(300 * kMiB), std::nullopt),
      "it needed more memory than its limit of 300 MiB; raise limits.memory, or take a smaller net or batch");
  EXPECT_THAT(with_need("it did", 700 * kMiB), HasSubstr("about 700 MiB"));
  EXPECT_EQ(beyond_memory(0), "it needed more memory than there is");
}

TEST(RunnerProtocol, ReadsWhatARunnerSays) {
  const auto failed = parse_runner_line(
      R"({"finished": {"attempt": 7, "outcome": "failed", "reason": "no such layer", "retryable": false}})");
  ASSERT_TRUE(failed.has_value());
  EXPECT_EQ(std::get<RunnerFinished>(*failed).reason, "no such layer");
  const auto progress = parse_runner_line(
      R"({"progress": {"attempt": 7, "fraction": 0.5, "note": "", "points": [{"name": "l", "step": 1, "value": 0.4}]}})");
  ASSERT_TRUE(progress.has_value());
  EXPECT_EQ(std::get<RunnerProgress>(*progress).points.at(0).value, 0.4);
  const auto saved = parse_runner_line(
      R"({"progress": {"attempt": 7, "fraction": 0.5, "note": "", "points": [], "checkpoint": {"path": "/a", "step": 9}}})");
  ASSERT_TRUE(saved.has_value());
  EXPECT_EQ(std::get<RunnerProgress>(*saved).checkpoint->step, 9);
}

TEST(RunnerProtocol, RefusesWhatItDoesNotKnow) {
  for (const auto* line :
       {"", "{}", "[1]", R"({"shout": {}})", R"({"hello": 5})", R"({"finished": {"attempt": 1}})"})
    EXPECT_FALSE(parse_runner_line(line).has_value()) << line;
}

TEST(RunnerProtocol, WritesARunAsOneLine) {
  wire::Assign assign;
  assign.attempt = 7;
  assign.spec = {{"stage", "train"}, {"note", "two\nlines"}};
  const auto line = run_line(assign, "/work/attempt-7", {{"model", "/cache/ab"}});
  EXPECT_EQ(line,
            R"({"run":{"attempt":7,"folder":"/work/attempt-7","spec":{"stage":"train","note":"two\nlines"},)"
            R"("inputs":{"model":"/cache/ab"}}})"
            "\n");
}

}  // namespace
}  // namespace espalier::agent
