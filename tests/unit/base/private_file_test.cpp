#include "common/base/private_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace espalier {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class PrivateFile : public ::testing::Test {
 protected:
  PrivateFile() : folder_(fs::temp_directory_path() / ("private-" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  ~PrivateFile() override { fs::remove_all(folder_); }
  static unsigned mode(const fs::path& path) {
    struct stat about {};
    EXPECT_EQ(::stat(path.c_str(), &about), 0);
    return about.st_mode & 07777;
  }
  fs::path folder_;
};

TEST_F(PrivateFile, WhatIsWrittenCanBeReadByItsOwnerOnlyWhateverTheUmask) {
  const auto before = ::umask(0);
  const auto written = write_private_file(folder_ / "key", "secret\n");
  ::umask(before);
  ASSERT_TRUE(written.has_value());
  EXPECT_EQ(mode(folder_ / "key"), 0600U);
  EXPECT_EQ(read_private_file(folder_ / "key").value(), "secret\n");
}

TEST_F(PrivateFile, NothingIsEverOverwritten) {
  ASSERT_TRUE(write_private_file(folder_ / "key", "one"));
  EXPECT_EQ(write_private_file(folder_ / "key", "two").error().kind, ErrorKind::busy);
  EXPECT_EQ(read_private_file(folder_ / "key").value(), "one");
}

TEST_F(PrivateFile, WhatOthersMayReadOrWriteIsRefusedWithTheCommandThatMendsIt) {
  ASSERT_TRUE(write_private_file(folder_ / "key", "secret"));
  for (const auto wrong : {fs::perms::group_read, fs::perms::others_read, fs::perms::group_write}) {
    fs::permissions(folder_ / "key", fs::perms::owner_read | wrong);
    const auto refused = read_private_file(folder_ / "key");
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::usage);
    EXPECT_THAT(refused.error().message, HasSubstr("others may read it"));
    EXPECT_EQ(refused.error().help, "chmod 600 " + (folder_ / "key").string());
  }
}

TEST_F(PrivateFile, WhatIsMissingOrNoFileIsAnError) {
  EXPECT_EQ(read_private_file(folder_ / "none").error().kind, ErrorKind::not_found);
  EXPECT_EQ(read_private_file(folder_).error().kind, ErrorKind::usage);
}

TEST_F(PrivateFile, AFolderIsEnteredByItsOwnerOnly) {
  ASSERT_TRUE(make_private_folder(folder_ / "a/keys").has_value());
  EXPECT_EQ(mode(folder_ / "a/keys"), 0700U);
  EXPECT_TRUE(make_private_folder(folder_ / "a/keys").has_value()) << "it is there already";
}

}  // namespace
}  // namespace espalier
