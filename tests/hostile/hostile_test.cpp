#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/system/running_system.hpp"

namespace espalier::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr const char* kJob = R"(
[job]
name = "hostile"
[data]
dataset = "fashion-mnist"
train_samples = 1000
val_samples = 500
[model]
name = "lenet5"
[benchmark]
batch_sizes = [1]
[limits]
retries = 0
memory = "400MiB"
[[group]]
name = "all"
pipeline = ["train"]
sweep = { "train.epochs" = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13] }
)";

class HostileRunners : public ::testing::Test {
 protected:
  static RunningSystem::Options options() {
    RunningSystem::Options options;
    options.runner = ESPALIER_HOSTILE_RUNNER;
    options.worker_arguments = {"--task-disk", "40MiB"};
    return options;
  }
  RunningSystem system_{options()};
};

TEST_F(HostileRunners, ReachNothingAreReportedAndTheRestOfTheJobGoesOn) {
  ASSERT_TRUE(system_.start_database());
  const auto coordinator = system_.start_coordinator("127.0.0.1");
  const auto worker = system_.start_worker("fenced", 2);
  ASSERT_TRUE(eventually([&] { return system_.worker_is_alive("fenced"); })) << system_.said();
  const auto facts = system_.sql("select facts -> 'confinement' c from v1.workers").at(0).at("c");
  const auto confined = json::serialize(facts);
  if (confined.find("landlock") == std::string::npos || confined.find("seccomp") == std::string::npos)
    GTEST_SKIP() << "this host permits " << confined << " alone";

  const auto job = system_.submit(kJob);
  ASSERT_TRUE(eventually([&] { return system_.state(job) == "failed"; }, std::chrono::seconds(100)))
      << system_.said();
  std::vector<std::string> reasons;
  for (const auto& row : system_.sql("select state || ': ' || coalesce(reason, '') r from v1.attempts"))
    reasons.emplace_back(row.at("r").as_string());
  for (const auto* refused :
       {"read a file: Permission denied", "read a neighbour: Permission denied",
        "write a file: Permission denied", "open a socket: Operation not permitted",
        "start a process: Operation not permitted", "kill the worker: Operation not permitted",
        "leave its group: Operation not permitted"})
    EXPECT_THAT(reasons, Contains(std::string("failed: ") + refused));
  EXPECT_THAT(reasons, Contains(HasSubstr("out_of_memory: it")));
  EXPECT_THAT(reasons, Contains(HasSubstr("threads")));
  EXPECT_THAT(reasons, Contains(HasSubstr("/etc/passwd is not in the attempt's folder")));
  EXPECT_EQ(std::count_if(reasons.begin(), reasons.end(),
                          [](const auto& reason) {
                            return reason.find("more than its limit of 40 MiB") != reason.npos;
                          }),
            2)
      << "the disk, seen and unseen";
  EXPECT_EQ(system_.sql("select count(*) n from v1.trials where state = 'succeeded'")
                .at(0)
                .at("n")
                .to_number<int>(),
            1)
      << "the one that does no harm";
  EXPECT_TRUE(system_.worker_is_alive("fenced"));
}

}  // namespace
}  // namespace espalier::test
