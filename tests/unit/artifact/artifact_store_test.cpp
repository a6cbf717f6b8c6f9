#include "common/artifact/artifact_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <thread>
#include <vector>

#include "common/base/files.hpp"

namespace espalier::artifact {
namespace {

using ::testing::HasSubstr;

class Store : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "artifact_test-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static Result<void> write(Upload& upload, std::string_view text) {
    return upload.write(std::as_bytes(std::span(text)));
  }
  static Result<void> write(Result<Upload> upload, std::string_view text) { return write(*upload, text); }
  [[nodiscard]] std::size_t files() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "store"))
      count += entry.is_regular_file() ? 1 : 0;
    return count;
  }
  ArtifactStore open() { return ArtifactStore::open(folder_ / "store").value(); }

  std::filesystem::path folder_;
};

TEST_F(Store, GivesBackTheBytesUnderTheirHash) {
  auto store = open();
  EXPECT_TRUE(rc::check([&](const std::string& bytes) {
    auto upload = store.begin();
    RC_ASSERT(write(*upload, bytes).has_value());
    const auto hash = upload->finish();
    RC_ASSERT(hash.has_value());
    RC_ASSERT(hash->value == sha256_hex(bytes));
    RC_ASSERT(read_file(store.path_of(*hash)).value() == bytes);
    RC_ASSERT(store.size_of(*hash) == static_cast<std::int64_t>(bytes.size()));
  }));
}

TEST_F(Store, KeepsItsFilesWhenItIsOpenedAgain) {
  auto upload = open().begin();
  ASSERT_TRUE(write(*upload, "kept").has_value());
  const auto hash = upload->finish().value();
  EXPECT_TRUE(open().has(hash));
}

TEST_F(Store, BytesThatHashOtherwiseAreRefusedAndLeaveNothing) {
  auto store = open();
  auto upload = store.begin();
  ASSERT_TRUE(write(*upload, "one thing").has_value());
  const ContentHash promised{sha256_hex("another")};
  const auto finished = upload->finish(promised);
  ASSERT_FALSE(finished.has_value());
  EXPECT_THAT(finished.error().message, HasSubstr(promised.value));
  EXPECT_FALSE(store.has(promised));
  EXPECT_EQ(files(), 0U);
}

TEST_F(Store, AnUploadThatIsDroppedLeavesNothing) {
  auto store = open();
  {
    auto upload = store.begin();
    ASSERT_TRUE(write(*upload, "half").has_value());
    EXPECT_EQ(files(), 1U);
  }
  EXPECT_EQ(files(), 0U);
}

TEST_F(Store, OpeningRemovesWhatADeadProcessLeftHalfWritten) {
  open();
  std::ofstream(folder_ / "store" / "incoming" / "leftover") << "half";
  open();
  EXPECT_EQ(files(), 0U);
}

TEST_F(Store, AnUploadThatBrokeOffIsGoneOnWithAlsoByAnotherProcess) {
  const ContentHash hash{sha256_hex("first half, second half")};
  {
    auto store = open();
    auto upload = store.resume(hash, ArtifactStore::From::where_it_stopped);
    ASSERT_TRUE(write(*upload, "first half, ").has_value());
  }
  auto store = open();
  EXPECT_EQ(store.partial_bytes(hash), 12);
  auto upload = store.resume(hash, ArtifactStore::From::where_it_stopped);
  EXPECT_EQ(upload->bytes(), 12);
  ASSERT_TRUE(write(*upload, "second half").has_value());
  ASSERT_TRUE(upload->finish(hash).has_value());
  EXPECT_EQ(read_file(store.path_of(hash)).value(), "first half, second half");
  EXPECT_EQ(files(), 1U);
}

TEST_F(Store, AnUploadThatIsGoneOnWithAndHashesWronglyLeavesNothing) {
  const ContentHash hash{sha256_hex("right")};
  auto store = open();
  ASSERT_TRUE(write(store.resume(hash, ArtifactStore::From::start), "wro").has_value());
  auto upload = store.resume(hash, ArtifactStore::From::where_it_stopped);
  ASSERT_TRUE(write(*upload, "ng").has_value());
  EXPECT_EQ(upload->finish(hash).error().kind, ErrorKind::usage);
  EXPECT_EQ(store.partial_bytes(hash), 0);
  EXPECT_EQ(files(), 0U);
}

TEST_F(Store, AnUploadFromTheStartForgetsWhatWasThere) {
  const ContentHash hash{sha256_hex("new")};
  auto store = open();
  ASSERT_TRUE(write(store.resume(hash, ArtifactStore::From::start), "old and longer").has_value());
  auto upload = store.resume(hash, ArtifactStore::From::start);
  EXPECT_EQ(upload->bytes(), 0);
  ASSERT_TRUE(write(*upload, "xx").has_value());
  ASSERT_TRUE(upload->start_again().has_value());
  ASSERT_TRUE(write(*upload, "new").has_value());
  EXPECT_TRUE(upload->finish(hash).has_value());
}

TEST_F(Store, OnlyOneUploadAtATimeWritesWhatMayBeGoneOnWith) {
  const ContentHash hash{sha256_hex("both")};
  auto store = open();
  auto first = store.resume(hash, ArtifactStore::From::where_it_stopped);
  ASSERT_TRUE(write(*first, "bo").has_value());
  auto second = store.resume(hash, ArtifactStore::From::where_it_stopped);
  EXPECT_EQ(second->bytes(), 0);
  ASSERT_TRUE(write(*second, "both").has_value());
  ASSERT_TRUE(write(*first, "th").has_value());
  EXPECT_TRUE(second->finish(hash).has_value());
  EXPECT_TRUE(first->finish(hash).has_value());
  EXPECT_EQ(files(), 1U);
}

TEST_F(Store, OpeningRemovesAPartialUploadThatIsOld) {
  const ContentHash hash{sha256_hex("whole")};
  {
    auto store = open();
    ASSERT_TRUE(write(store.resume(hash, ArtifactStore::From::start), "who").has_value());
  }
  const auto file = folder_ / "store" / "incoming" / (hash.value + ".part");
  std::filesystem::last_write_time(file,
                                   std::filesystem::file_time_type::clock::now() - 2 * kPartialsAreKept);
  EXPECT_EQ(open().partial_bytes(hash), 0);
}

TEST_F(Store, GarbageIsWhatIsOldAndNobodyHasTouched) {
  auto store = open();
  const auto now = StoredFile::Time::clock::now();
  const auto put = [&](const std::string& text) {
    std::ofstream(folder_ / "file") << text;
    const auto hash = store.put(folder_ / "file").value();
    std::filesystem::last_write_time(store.path_of(hash), now - std::chrono::hours(2));
    return hash;
  };
  const auto old = put("old"), touched = put("touched");
  EXPECT_TRUE(store.touch(touched));
  const auto before = now - std::chrono::hours(1);
  const auto found = store.files_older_than(before);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].hash, old);
  EXPECT_EQ(found[0].bytes, 3);
  EXPECT_FALSE(store.remove_if_older_than(touched, before));
  EXPECT_TRUE(store.remove_if_older_than(old, before));
  EXPECT_FALSE(store.has(old));
  EXPECT_FALSE(store.touch(old));
  EXPECT_TRUE(store.has(touched));
}

TEST_F(Store, APartialUploadUnderWayIsNoGarbage) {
  const ContentHash hash{sha256_hex("whole")};
  auto store = open();
  auto upload = store.resume(hash, ArtifactStore::From::start);
  ASSERT_TRUE(write(*upload, "who").has_value());
  const auto later = StoredFile::Time::clock::now() + std::chrono::hours(1);
  EXPECT_TRUE(store.remove_partials_older_than(later, false).empty());
  upload = store.begin();
  EXPECT_THAT(store.remove_partials_older_than(later, true), ::testing::ElementsAre(3));
  EXPECT_EQ(store.partial_bytes(hash), 3);
  EXPECT_THAT(store.remove_partials_older_than(later, false), ::testing::ElementsAre(3));
  EXPECT_EQ(store.partial_bytes(hash), 0);
}

TEST_F(Store, TakeMovesAFileIn) {
  std::ofstream(folder_ / "file") << "content";
  auto store = open();
  const auto hash = store.take(folder_ / "file");
  ASSERT_TRUE(hash.has_value());
  EXPECT_EQ(read_file(store.path_of(*hash)).value(), "content");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "file"));
}

TEST_F(Store, TheSameBytesFromManyThreadsAreOneFile) {
  auto store = open();
  const std::string bytes(300'000, 'b');
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < 8; ++i)
      writers.emplace_back([&] {
        auto upload = store.begin();
        EXPECT_TRUE(write(*upload, bytes).has_value());
        EXPECT_TRUE(upload->finish().has_value());
      });
  }
  EXPECT_EQ(files(), 1U);
  EXPECT_EQ(read_file(store.path_of({sha256_hex(bytes)})).value(), bytes);
}

TEST_F(Store, PutCopiesAFile) {
  std::ofstream(folder_ / "file") << "content";
  auto store = open();
  const auto hash = store.put(folder_ / "file");
  ASSERT_TRUE(hash.has_value());
  EXPECT_EQ(read_file(store.path_of(*hash)).value(), "content");
  EXPECT_TRUE(std::filesystem::exists(folder_ / "file"));
}

TEST_F(Store, PutOfAMissingFileNamesIt) {
  const auto hash = open().put(folder_ / "absent");
  ASSERT_FALSE(hash.has_value());
  EXPECT_EQ(hash.error().kind, ErrorKind::not_found);
  EXPECT_THAT(hash.error().message, HasSubstr("absent"));
}

TEST_F(Store, WhatIsNoHashIsNotThere) {
  EXPECT_FALSE(open().has({"../../etc/passwd"}));
  EXPECT_FALSE(open().has({""}));
}

TEST_F(Store, AWriteThatFailsIsAnErrorAndLeavesNothing) {
  auto store = open();
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit tight{1000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  {
    auto upload = store.begin();
    EXPECT_FALSE(write(*upload, std::string(5'000, 'x')).has_value());
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, SIG_DFL);
  EXPECT_EQ(files(), 0U);
}

TEST_F(Store, AFolderThatCannotBeMadeIsAnError) {
  std::ofstream(folder_ / "store") << "a file is in the way";
  const auto store = ArtifactStore::open(folder_ / "store");
  ASSERT_FALSE(store.has_value());
  EXPECT_THAT(store.error().message, HasSubstr("store"));
  std::filesystem::remove(folder_ / "store");
}

}  // namespace
}  // namespace espalier::artifact
