// The column of kills once more with real runners: LibTorch, Fashion-MNIST, models and logs of real size.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/chaos/faults.hpp"
#include "tests/chaos/verdict.hpp"

namespace espalier::test {
namespace {

constexpr int kRealTrials = 40;

std::string real_job(int retries) {
  std::vector<std::string> rates;
  for (int trial = 0; trial < kRealTrials; ++trial)
    rates.push_back(fmt::format("{:.6f}", 1e-3 + trial * 1e-5));
  return fmt::format(R"(
[job]
name = "real"
[data]
dataset = "fashion-mnist"
train_samples = 200
val_samples = 100
[model]
name = "lenet5"
width = 0.5
[train]
epochs = 1
[benchmark]
batch_sizes = [1]
min_seconds = 0.01
target_ci = 0.5
[limits]
retries = {}
[[group]]
name = "rates"
pipeline = ["train"]
sweep = {{ "train.learning_rate" = [{}] }}
)",
                     retries, fmt::join(rates, ", "));
}

class RealRunner : public ::testing::TestWithParam<Victim> {};

TEST_P(RealRunner, LosesNothingThatWasDoneWhenAPartyIsKilled) {
  RunningSystem::Options options;
  options.runner = std::string(ESPALIER_BIN) + "/espalier-runner";
  if (!std::filesystem::exists(options.runner)) GTEST_SKIP() << "there is no " << options.runner;
  RunningSystem system(options);
  ASSERT_TRUE(system.start()) << system.said();
  const auto job = system.submit(real_job(GetParam() == Victim::runner ? 2 : 0));
  ASSERT_TRUE(eventually([&] { return system.executed(job) >= 20; }, std::chrono::seconds(180)))
      << system.said();
  strike(system, GetParam(), Fault::kill);
  EXPECT_LT(system.executed(job), 3 * kRealTrials) << "the fault has to come in the middle";
  expect_done_once(system, job, std::chrono::seconds(500));
  EXPECT_EQ(system.executed(job), 3 * kRealTrials);
  if (GetParam() != Victim::runner) expect_no_retries_consumed(system);
}

INSTANTIATE_TEST_SUITE_P(SlowChaos, RealRunner,
                         ::testing::Values(Victim::coordinator, Victim::agent, Victim::runner,
                                           Victim::postgres),
                         [](const auto& instance) { return to_string(instance.param) + "Killed"; });

}  // namespace
}  // namespace espalier::test
