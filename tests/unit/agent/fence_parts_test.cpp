// What keeps a runner in, piece by piece, from the worker's side.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "common/base/files.hpp"
#include "worker/agent/affinity.hpp"
#include "worker/agent/handover.hpp"
#include "worker/agent/limits.hpp"
#include "worker/agent/runner_environment.hpp"
#include "worker/agent/runner_home.hpp"

namespace espalier::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class InAFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "fence_parts_test-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    home_.folder = folder_ / "home";
  }
  void TearDown() override { fs::remove_all(folder_); }
  [[nodiscard]] fs::path write(const fs::path& file, const std::string& text) const {
    fs::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << text;
    return folder_ / file;
  }

  fs::path folder_;
  RunnerHome home_;
};

class Handover : public InAFolder {
 protected:
  [[nodiscard]] Result<fs::path> take(const fs::path& claimed) const {
    return hand_over(claimed, folder_ / "work", folder_ / "made");
  }
  [[nodiscard]] std::string refusal(const fs::path& claimed) const {
    const auto taken = take(claimed);
    return taken ? "" : taken.error().message;
  }
};

TEST_F(Handover, AFileOfTheAttemptsFolderIsMovedOutOfIt) {
  const auto taken = take(write("work/deep/model.pt", "weights"));
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(read_file(*taken).value(), "weights");
  EXPECT_FALSE(fs::exists(folder_ / "work/deep/model.pt"));
}

TEST_F(Handover, TwoOfTheSameNameAreKeptApart) {
  const auto first = take(write("work/a/model.pt", "one"));
  const auto second = take(write("work/b/model.pt", "two"));
  EXPECT_EQ(read_file(first.value()).value(), "one");
  EXPECT_EQ(read_file(second.value()).value(), "two");
}

TEST_F(Handover, WhatLiesElsewhereStaysThere) {
  const auto secret = write("secret", "of somebody else");
  (void)write("work/own", "");
  fs::create_directory_symlink(folder_, folder_ / "work/door");
  for (const auto& claimed :
       {secret, folder_ / "work/../secret", folder_ / "work/door/secret", fs::path("secret"), fs::path()})
    EXPECT_THAT(refusal(claimed), HasSubstr("not in the attempt's folder")) << claimed;
  EXPECT_EQ(read_file(secret).value(), "of somebody else");
}

TEST_F(Handover, OnlyAPlainFileWithOneNameCounts) {
  const auto secret = write("secret", "of somebody else");
  fs::create_directories(folder_ / "work/folder");
  fs::create_symlink(secret, folder_ / "work/link");
  fs::create_hard_link(secret, folder_ / "work/second-name");
  ASSERT_EQ(::mkfifo((folder_ / "work/pipe").c_str(), 0600), 0);
  for (const auto* name : {"folder", "link", "second-name", "pipe"})
    EXPECT_THAT(refusal(folder_ / "work" / name), HasSubstr("no plain file")) << name;
}

TEST_F(Handover, AFileThatCanStillBeChangedIsNotTaken) {
  const auto open = write("work/open", "weights");
  const int writer = ::open(open.c_str(), O_RDWR);
  EXPECT_THAT(refusal(open), HasSubstr("still being written"));
  ::close(writer);
  const auto mapped = write("work/mapped", "weights");
  const int file = ::open(mapped.c_str(), O_RDWR);
  void* memory = ::mmap(nullptr, 7, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  EXPECT_THAT(refusal(mapped), HasSubstr("still being written"));
  ::munmap(memory, 7);
}

TEST_F(InAFolder, ARunnerFindsItsInputsInItsHomeAndNothingIsCopied) {
  const auto cached = write("cache/ab/cd", "weights");
  ASSERT_TRUE(home_.make_empty().has_value());
  const auto settled = home_.settle(7, {{"model", cached}, {"../escape", cached}});
  ASSERT_TRUE(settled.has_value());
  ASSERT_EQ(settled->size(), 2U);
  for (const auto& [role, path] : *settled) {
    EXPECT_TRUE(path.string().starts_with(home_.inputs().string())) << path;
    EXPECT_TRUE(fs::equivalent(path, cached));
  }
  EXPECT_TRUE(home_.clear(7));
  EXPECT_TRUE(fs::is_empty(home_.work()));
  EXPECT_TRUE(fs::is_empty(home_.inputs()));
  EXPECT_EQ(read_file(cached).value(), "weights");
}

TEST_F(InAFolder, DiskUseCountsFilesTheLogAndWhatIsOpenAndDeleted) {
  (void)write("work/a/one", std::string(1000, 'x'));
  (void)write("work/two", std::string(500, 'x'));
  const auto log = write("log", std::string(50, 'x'));
  const auto use = disk_use(folder_ / "work", log, ::getpid());
  EXPECT_EQ(use.bytes, 1550);
  EXPECT_EQ(use.files, 3);
  const auto hidden = write("work/hidden", std::string(200, 'x'));
  const int open = ::open(hidden.c_str(), O_RDONLY);
  fs::remove(hidden);
  EXPECT_EQ(disk_use(folder_ / "work", log, ::getpid()).bytes, 1750);
  ::close(open);
}

TEST(DiskLimit, IsPassedByBytesOrByFilesAndSaysWhich) {
  constexpr std::int64_t kMiB = 1 << 20;
  EXPECT_FALSE(over_disk(10 * kMiB, {10 * kMiB, 5}).has_value());
  EXPECT_THAT(over_disk(10 * kMiB, {12 * kMiB, 5}).value(),
              HasSubstr("wrote 12 MiB, more than its limit of 10 MiB"));
  EXPECT_THAT(over_disk(0, {0, 200'000}).value(), HasSubstr("files"));
}

TEST(ThreadLimit, IsFarAboveWhatAPoolNeeds) {
  EXPECT_FALSE(over_threads(300).has_value());
  EXPECT_FALSE(over_threads(std::nullopt).has_value());
  EXPECT_THAT(over_threads(1'000'000).value(), HasSubstr("threads"));
}

TEST(RunnerEnvironment, IsWhatLibrariesReadAndNothingHarmfulOrThatMayBeASecret) {
  for (const auto* name :
       {"PATH", "LC_ALL", "OMP_NUM_THREADS", "LD_LIBRARY_PATH", "ESPALIER_CHECKPOINT_SECONDS",
        "FAKE_RUNNER_FOLDER", "CUDA_VISIBLE_DEVICES", "ASAN_OPTIONS"})
    EXPECT_TRUE(is_for_runners(name)) << name;
  for (const auto* name : {"HOME", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "SSH_AUTH_SOCK", "ESPALIER_TOKEN",
                           "ESPALIER_URL", "GITHUB_TOKEN", "DATABASE_URL", "OMP_THREAD_LIMIT", "OMP_DYNAMIC"})
    EXPECT_FALSE(is_for_runners(name)) << name;
}

TEST(Places, SlotsFillTheNodesByTheirProcessors) {
  const std::vector<Processors> two{{0, 1, 2, 3}, {4, 5, 6, 7}};
  EXPECT_THAT(places(two, 4), ElementsAre(two[0], two[0], two[1], two[1]));
  EXPECT_THAT(places(two, 2), ElementsAre(two[0], two[1]));
  const std::vector<Processors> uneven{{0, 1, 2, 3, 4, 5}, {6, 7}};
  EXPECT_THAT(places(uneven, 4), ElementsAre(uneven[0], uneven[0], uneven[0], uneven[1]));
}

TEST(Places, NothingIsPinnedOnOneNodeOrWithFewerSlotsThanNodes) {
  EXPECT_THAT(places({{0, 1}}, 2), ElementsAre(IsEmpty(), IsEmpty()));
  EXPECT_THAT(places({{0, 1}, {2, 3}}, 1), ElementsAre(IsEmpty()));
  EXPECT_THAT(places({}, 1), ElementsAre(IsEmpty()));
}

TEST_F(InAFolder, NodesAreWhatTheKernelLists) {
  (void)write("sys/devices/system/node/node0/cpulist", "0-1,4\n");
  (void)write("sys/devices/system/node/node1/cpulist", "2-3\n");
  (void)write("sys/devices/system/node/node2/cpulist", "\n");  // memory alone
  (void)write("sys/devices/system/node/possible", "0-2\n");
  EXPECT_THAT(nodes_of(SystemFiles(folder_)), ElementsAre(ElementsAre(0, 1, 4), ElementsAre(2, 3)));
}

}  // namespace
}  // namespace espalier::agent
