#include "common/net/key_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "common/base/files.hpp"

namespace espalier::net {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

class Keys : public ::testing::Test {
 protected:
  Keys() : folder_(fs::temp_directory_path() / ("keys-" + std::to_string(::getpid()))), keys_(folder_) {}
  ~Keys() override { fs::remove_all(folder_); }
  fs::path folder_;
  KeyFolder keys_;
};

TEST_F(Keys, AWorkerThatIsAddedHasAPairThatIsAdmittedAndKnowsTheServersKey) {
  ASSERT_TRUE(keys_.init());
  const auto file = keys_.add_worker("gpu-3").value();
  const auto worker = read_worker_key(file).value();
  EXPECT_EQ(worker.name, "gpu-3");
  EXPECT_TRUE(belong_together(worker.own));
  EXPECT_EQ(worker.server, keys_.server()->public_key);
  EXPECT_THAT(keys_.admitted()->keys, ElementsAre(Pair(worker.own.public_key, "gpu-3")));
}

TEST_F(Keys, ARevokedWorkerIsNotAdmittedAndMayBeAddedAgainWithAnotherKey) {
  ASSERT_TRUE(keys_.init());
  const auto first = read_worker_key(keys_.add_worker("a").value()).value();
  ASSERT_TRUE(keys_.revoke("a"));
  EXPECT_TRUE(keys_.admitted()->keys.empty());
  EXPECT_FALSE(fs::exists(keys_.worker_file("a")));
  const auto second = read_worker_key(keys_.add_worker("a").value()).value();
  EXPECT_NE(first.own.public_key, second.own.public_key);
  EXPECT_EQ(keys_.revoke("b").error().kind, ErrorKind::not_found);
}

TEST_F(Keys, NothingThatIsThereIsMadeAgain) {
  ASSERT_TRUE(keys_.init());
  const auto before = keys_.server()->public_key;
  EXPECT_EQ(keys_.init().error().kind, ErrorKind::busy);
  EXPECT_EQ(keys_.server()->public_key, before);
  ASSERT_TRUE(keys_.add_worker("a"));
  EXPECT_EQ(keys_.add_worker("a").error().kind, ErrorKind::busy);
}

TEST_F(Keys, WithoutInitTheErrorSaysWhatToRun) {
  const auto none = keys_.server();
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().kind, ErrorKind::not_found);
  EXPECT_THAT(none.error().help, HasSubstr("espalier keys init --keys " + folder_.string()));
  EXPECT_EQ(keys_.add_worker("a").error().help, none.error().help);
}

TEST_F(Keys, ANameThatWouldLeaveTheFolderIsRefused) {
  ASSERT_TRUE(keys_.init());
  for (const auto* name : {"", "..", "../a", "a/b", "-a", ".a", "a b", "\xc3\xa4"})
    EXPECT_EQ(keys_.add_worker(name).error().kind, ErrorKind::usage) << name;
  EXPECT_EQ(keys_.revoke("../server").error().kind, ErrorKind::not_found);
}

TEST_F(Keys, AKeyFileThatOthersMayReadIsRefused) {
  ASSERT_TRUE(keys_.init());
  const auto file = keys_.add_worker("a").value();
  for (const auto& path : {file, folder_ / "server.key"}) fs::permissions(path, fs::perms(0644));
  EXPECT_THAT(read_worker_key(file).error().help, HasSubstr("chmod 600"));
  EXPECT_THAT(keys_.server().error().help, HasSubstr("chmod 600"));
}

TEST_F(Keys, GarbageIsRefusedWithoutSayingWhatStandsInIt) {
  ASSERT_TRUE(keys_.init());
  const auto file = keys_.add_worker("a").value();
  const auto whole = read_file(file).value();
  auto other_pair = whole;
  const auto secret = whole.find("\"secret\":\"") + 10;
  other_pair.replace(secret, 40, new_key_pair().secret_key);
  for (const auto& text : {std::string(), std::string("{}"), std::string("[1]"), std::string("S3cret"),
                           whole.substr(0, whole.size() / 2), other_pair}) {
    std::ofstream(file, std::ios::trunc) << text;
    const auto refused = read_worker_key(file);
    ASSERT_FALSE(refused.has_value()) << text;
    EXPECT_EQ(refused.error().kind, ErrorKind::usage);
    EXPECT_THAT(refused.error().message, Not(HasSubstr("S3cret")));
    EXPECT_THAT(refused.error().help, HasSubstr("espalier keys add-worker"));
  }
}

TEST_F(Keys, AFileWithoutAKeyLetsNobodyInAndTheOthersAllTheSame) {
  ASSERT_TRUE(keys_.init());
  const auto good = read_worker_key(keys_.add_worker("b").value()).value();
  std::ofstream(keys_.workers() / "a.pub") << "no key";
  std::ofstream(keys_.workers() / "c.pub") << good.own.public_key;
  const auto admitted = keys_.admitted().value();
  EXPECT_THAT(admitted.keys, ElementsAre(Pair(good.own.public_key, "b")));
  EXPECT_THAT(admitted.complaints,
              ElementsAre(HasSubstr("a.pub holds no public key"), HasSubstr("its key is that of b")));
}

}  // namespace
}  // namespace espalier::net
