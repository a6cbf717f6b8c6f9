// A part of the state folder lies on a disk that gets full in the middle of a job, and has room again later.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/chaos/faults.hpp"
#include "tests/chaos/small_disk.hpp"
#include "tests/chaos/verdict.hpp"

namespace espalier::test {
namespace {

using ::testing::HasSubstr;

struct Part {
  const char* name;
  const char* folder;  // below the state folder
  std::int64_t megabytes;
  const char* said;  // by some program's log while it is full
  void (*make_it_worse)(const RunningSystem&) = [](const RunningSystem&) {};
};

// Its log of changes needs a new segment, which there is no room for: PostgreSQL itself ends, and can't
// start.
void end_the_database(const RunningSystem& system) {
  const auto before = processes_of(system, Victim::postgres, Fault::kill);
  ASSERT_EQ(before.size(), 1U);
  system.psql({3, "select pg_switch_wal()"});
  EXPECT_TRUE(eventually([&] { return !alive(before.front()); }));
}

class FullDisk : public ::testing::TestWithParam<Part> {};

TEST_P(FullDisk, StopsWorkAndLosesNothing) {
  if (::geteuid() != 0) GTEST_SKIP() << "small disks need root";
  RunningSystem system;
  const SmallDisk disk(system.sandbox().state() / GetParam().folder, GetParam().megabytes);
  if (!disk.objection().empty()) GTEST_SKIP() << disk.objection();
  ASSERT_TRUE(system.start()) << system.said();
  const auto job = system.submit(wide_job(120));
  ASSERT_TRUE(eventually([&] { return system.executed(job) >= 30; })) << system.said();
  disk.fill();
  GetParam().make_it_worse(system);
  EXPECT_TRUE(eventually([&] { return system.said().find(GetParam().said) != std::string::npos; }))
      << system.said();
  pass(std::chrono::seconds(5));
  EXPECT_LT(system.executed(job), 360) << "the disk has to be full in the middle";
  disk.empty();
  expect_done_once(system, job, std::chrono::seconds(120));
  expect_no_retries_consumed(system);
}

INSTANTIATE_TEST_SUITE_P(Chaos, FullDisk,
                         ::testing::Values(Part{"Database", "postgres", 80,
                                                "PostgreSQL starts, and all goes on, when there is room",
                                                end_the_database},
                                           Part{"Tables", "postgres", 80, "No space left on device"},
                                           Part{"Artifacts", "artifacts", 4, "is full"},
                                           Part{"Worker", "worker-1", 4, "is full"}),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace espalier::test
