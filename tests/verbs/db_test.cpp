// Backup, restore and check, of a system at work and of one that is damaged on purpose.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "common/base/files.hpp"
#include "common/base/hash.hpp"
#include "tests/system/running_system.hpp"

namespace espalier::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;

class Db : public ::testing::Test {
 protected:
  // A job that has succeeded, and one that is held while it runs.
  void SetUp() override {
    ASSERT_TRUE(system_.start()) << system_.said();
    const auto first = system_.submit(wide_job(3));
    ASSERT_TRUE(eventually([&] { return system_.state(first) == "succeeded"; })) << system_.said();
    system_.hold();
    second_ = system_.submit(wide_job(8, 0, "second"), "second.toml");
    ASSERT_TRUE(eventually([&] { return system_.busy() > 0; })) << system_.said();
  }
  Ran db(const std::string& verb, const Arguments& more, const fs::path& state) const {
    Arguments arguments{"db", verb, "--state", state.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return system_.sandbox().run(arguments);
  }
  Ran db(const std::string& verb, const Arguments& more = {}) const {
    return db(verb, more, system_.sandbox().state());
  }
  json::array ask(const fs::path& state, const std::string& statement) const {
    const auto ran = system_.sandbox().run({"sql", "--json", "--state", state.string(), statement});
    EXPECT_EQ(ran.exit.code, 0) << ran.errors;
    const auto answer = parse_json(ran.output);
    return answer && answer->is_array() ? answer->as_array() : json::array();
  }
  static fs::path file_of(const fs::path& state, const std::string& hash) {
    return state / "artifacts" / hash.substr(0, 2) / hash.substr(2);
  }
  fs::path backup_file() const { return system_.sandbox().folder() / "backup.tar"; }
  fs::path other_state() const { return system_.sandbox().folder() / "restored"; }

  RunningSystem system_;
  std::int64_t second_ = 0;
};

constexpr const char* kResults =
    "select trial_id, job_name, params, state, accuracy, size_bytes from results order by 1";
constexpr const char* kDone = "select key, state from tasks where state = 'succeeded' order by key";

TEST_F(Db, BackupOfASystemAtWorkIsRestoredIntoAFreshFolderWhereAllIsInOrderAndTheWorkGoesOn) {
  const auto made = db("backup", {backup_file().string()});
  ASSERT_EQ(made.exit.code, 0) << made.errors;
  EXPECT_THAT(made.output, HasSubstr("artifacts of"));
  EXPECT_EQ(fs::status(backup_file()).permissions(), fs::perms(0600));
  EXPECT_FALSE(fs::exists(backup_file().string() + ".part"));
  EXPECT_FALSE(fs::exists(backup_file().string() + ".part.dump"));
  const auto results = system_.sql(kResults);
  const auto done = system_.sql(kDone);
  const auto seen =
      system_.sql("select max(attempt) as last from attempts").at(0).at("last").to_number<std::int64_t>();
  system_.release();
  system_.stop();

  fs::create_directories(other_state());
  const auto restored = db("restore", {backup_file().string()}, other_state());
  ASSERT_EQ(restored.exit.code, 0) << restored.errors;
  EXPECT_THAT(restored.output, HasSubstr("restored the backup of 20"));
  EXPECT_EQ(ask(other_state(), kResults), results);
  EXPECT_EQ(ask(other_state(), kDone), done);
  for (const auto& row : ask(other_state(), "select hash, bytes from artifacts")) {
    const auto file = file_of(other_state(), std::string(row.at("hash").as_string()));
    EXPECT_EQ(sha256_hex_of_file(file).value(), row.at("hash").as_string());
  }
  const auto checked = db("check", {"--hashes"}, other_state());
  EXPECT_EQ(checked.exit.code, 0) << checked.output << checked.errors;
  EXPECT_THAT(checked.output, HasSubstr("all is in order"));

  const auto ran =
      system_.sandbox().run({"sql", "--json", "--state", other_state().string(),
                             "select reason from events where kind = 'coordinator' and state = 'restored'"});
  EXPECT_THAT(ran.output, HasSubstr("from the backup of"));

  // What was under way goes on there, with numbers that nobody has seen.
  fs::remove_all(system_.sandbox().state());
  fs::rename(other_state(), system_.sandbox().state());
  ASSERT_TRUE(system_.start()) << system_.said();
  ASSERT_TRUE(eventually([&] { return system_.state(second_) == "succeeded"; })) << system_.said();
  EXPECT_EQ(db("check").exit.code, 0);
  const auto later =
      system_.sql("select min(attempt) as least from attempts where attempt > " + std::to_string(seen));
  EXPECT_GT(later.at(0).at("least").to_number<std::int64_t>(), 1'000'000'000'000);
}

TEST_F(Db, CheckFindsWhatIsMissingOrDamagedAndSaysWhatItIsNeededFor) {
  EXPECT_EQ(db("check").exit.code, 0) << "while jobs run";
  const auto rows = system_.sql("select distinct hash from artifacts order by hash");
  ASSERT_GE(rows.size(), 3U);
  const auto file = [&](std::size_t number) {
    return file_of(system_.sandbox().state(), std::string(rows.at(number).at("hash").as_string()));
  };
  fs::remove(file(0));
  fs::resize_file(file(1), 3);
  auto bytes = read_file(file(2)).value();
  bytes[0] = static_cast<char>(bytes[0] ^ 1);
  std::ofstream(file(2), std::ios::binary) << bytes;

  const auto quick = db("check");
  EXPECT_EQ(quick.exit.code, 1);
  EXPECT_THAT(quick.output, HasSubstr("files: artifacts are missing or damaged (2)"));
  EXPECT_THAT(quick.output, HasSubstr("is missing: output "));
  EXPECT_THAT(quick.output, HasSubstr("has 3 bytes instead of "));
  EXPECT_THAT(quick.output, HasSubstr("what to do: "));
  const auto thorough = db("check", {"--hashes", "--json"});
  EXPECT_EQ(thorough.exit.code, 1);
  EXPECT_EQ(thorough.document().at("violations").at(0).at("count"), 3);
  EXPECT_EQ(db("check", {"--without-artifacts"}).exit.code, 0);

  // A backup of that is better than none, and says what it lacks; so does its restoration.
  const auto made = db("backup", {backup_file().string()});
  EXPECT_EQ(made.exit.code, 1);
  EXPECT_THAT(made.errors, HasSubstr("1 artifacts are missing"));
  EXPECT_THAT(made.errors, HasSubstr("2 artifacts hold other bytes than their name says"));
  const auto restored = db("restore", {backup_file().string()}, other_state());
  EXPECT_EQ(restored.exit.code, 1);
  EXPECT_THAT(restored.errors, HasSubstr("1 artifacts were missing already"));
  EXPECT_THAT(restored.errors, HasSubstr("2 artifacts of the backup hold other bytes"));
  EXPECT_FALSE(fs::exists(file_of(other_state(), sha256_hex(bytes))));
  EXPECT_EQ(db("check", {"--json"}, other_state()).document().at("violations").at(0).at("count"), 3);
}

TEST_F(Db, RestoreRefusesWhatItWouldDestroyAndWhatIsDamaged) {
  const auto backed_up = system_.sql(kResults);
  ASSERT_EQ(db("backup", {backup_file().string()}).exit.code, 0);
  const auto while_at_work = db("restore", {"--replace", backup_file().string()});
  EXPECT_EQ(while_at_work.exit.code, 6);
  EXPECT_THAT(while_at_work.errors, HasSubstr("is in use by process"));
  const auto url = "host=" + system_.database_socket() + " dbname=postgres user=espalier";
  const auto under_a_coordinator = system_.sandbox().run(
      {"db", "restore", "--database", url, "--without-artifacts", "--replace", backup_file().string()});
  EXPECT_EQ(under_a_coordinator.exit.code, 6);
  EXPECT_THAT(under_a_coordinator.errors, HasSubstr("a coordinator works on this database"));
  EXPECT_EQ(system_.sandbox().run({"db", "backup", "--database", url, backup_file().string()}).exit.code, 2)
      << "where are the artifacts?";
  system_.stop();
  const auto results = ask(system_.sandbox().state(), kResults);
  const auto unasked = db("restore", {backup_file().string()});
  EXPECT_EQ(unasked.exit.code, 6);
  EXPECT_THAT(unasked.errors, HasSubstr("--replace"));

  const auto whole = read_file(backup_file()).value();
  const auto damaged = system_.sandbox().folder() / "damaged.tar";
  const auto refused = [&](const std::string& bytes) {
    std::ofstream(damaged, std::ios::binary) << bytes;
    const auto ran = db("restore", {"--replace", damaged.string()});
    EXPECT_EQ(ran.exit.code, 1) << ran.output;
    EXPECT_EQ(ask(system_.sandbox().state(), kResults), results) << "nothing has changed";
    return ran.errors;
  };
  EXPECT_THAT(refused(whole.substr(0, whole.size() / 2)), HasSubstr("damaged"));
  EXPECT_THAT(refused("no backup at all"), HasSubstr("no backup"));
  auto newer = whole;
  const std::string before_number = R"(Z","schema_version":)";  // the time that is before it loses a letter
  newer.replace(newer.find(before_number), before_number.size(), R"(","schema_version":9)");
  EXPECT_THAT(refused(newer), HasSubstr("newer than this program"));
  auto other_dump = whole;
  other_dump[other_dump.find("PGDMP") + 2000] ^= 1;
  EXPECT_THAT(refused(other_dump), HasSubstr("other bytes than were backed up"));

  const auto replaced = db("restore", {"--replace", backup_file().string()});
  EXPECT_EQ(replaced.exit.code, 0) << replaced.errors;
  EXPECT_EQ(ask(system_.sandbox().state(), kResults), backed_up);
  EXPECT_EQ(db("restore", {"--replace", (system_.sandbox().folder() / "none").string()}).exit.code, 4);
}

}  // namespace
}  // namespace espalier::test
