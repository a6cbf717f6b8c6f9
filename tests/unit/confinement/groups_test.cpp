// What is written where, in a folder that looks like the kernel's; and for real where this host lets us.
#include "worker/confinement/groups.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "common/base/files.hpp"

namespace espalier::confinement {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ControlGroups : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "groups_test-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    put("proc/self/cgroup", "0::/system.slice/espalier\n");
    put("sys/fs/cgroup/cgroup.controllers", "cpu memory pids\n");
    put(kOurs + "/cgroup.controllers", "cpu memory pids\n");
    put(kOurs + "/cgroup.procs", std::to_string(::getpid()) + "\n");
    put(kOurs + "/cgroup.subtree_control", "\n");
    put(kOurs + "/agent/cgroup.procs", "");
  }
  void TearDown() override { fs::remove_all(root_); }

  void put(const fs::path& file, const std::string& text) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  [[nodiscard]] std::string at(const fs::path& file) const {
    const auto text = read_file(root_ / file);
    return text ? *text : "none";
  }
  [[nodiscard]] std::string why_not() const {
    const auto groups = Groups::open(root_);
    return groups ? "" : groups.error().message;
  }

  const std::string kOurs = "sys/fs/cgroup/system.slice/espalier";
  fs::path root_;
};

TEST_F(ControlGroups, AWorkerAloneInItsGroupStepsDownAndHandsTheControllersOn) {
  ASSERT_TRUE(Groups::open(root_).has_value());
  EXPECT_EQ(at(kOurs + "/agent/cgroup.procs"), std::to_string(::getpid()));
  EXPECT_THAT(at(kOurs + "/cgroup.subtree_control"), HasSubstr("+memory +pids"));
}

TEST_F(ControlGroups, AGroupGetsItsLimitsAndItsProcess) {
  put(kOurs + "/cgroup.subtree_control", "memory pids\n");
  for (const auto* file : {"memory.max", "pids.max", "cgroup.procs", "memory.events"})
    put(kOurs + "/runner-0/" + file, "");
  auto group = Groups::open(root_)->make("runner-0").value();
  ASSERT_TRUE(group.limit({1'000'000, 64}).has_value());
  ASSERT_TRUE(group.add(123).has_value());
  EXPECT_EQ(at(kOurs + "/runner-0/memory.max"), "1000000");
  EXPECT_EQ(at(kOurs + "/runner-0/pids.max"), "64");
  EXPECT_EQ(at(kOurs + "/runner-0/cgroup.procs"), "123");
  EXPECT_EQ(group.out_of_memory_kills(), 0);
  put(kOurs + "/runner-0/memory.events", "low 0\nhigh 0\nmax 12\noom 1\noom_kill 3\n");
  EXPECT_EQ(group.out_of_memory_kills(), 3);
}

TEST_F(ControlGroups, WithOthersInTheGroupNothingIsTouched) {
  put(kOurs + "/cgroup.procs", std::to_string(::getpid()) + "\n1\n");
  EXPECT_THAT(why_not(), HasSubstr("other processes"));
  EXPECT_EQ(at(kOurs + "/agent/cgroup.procs"), "");
}

TEST_F(ControlGroups, AMissingControllerIsNamed) {
  put(kOurs + "/cgroup.controllers", "cpu pids\n");
  EXPECT_THAT(why_not(), HasSubstr("\"memory\""));
}

TEST_F(ControlGroups, Version1AloneIsNotEnough) {
  put("proc/self/cgroup", "4:memory:/docker/abc\n");
  EXPECT_THAT(why_not(), HasSubstr("version 2"));
}

}  // namespace
}  // namespace espalier::confinement
