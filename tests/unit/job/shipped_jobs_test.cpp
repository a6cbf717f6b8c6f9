#include <filesystem>
#include <fstream>

#include "common/base/files.hpp"
#include "tests/unit/job/plans.hpp"

namespace espalier::job {
namespace {

namespace fs = std::filesystem;

fs::path jobs_folder() {
  return fs::path(__FILE__).parent_path() / "../../../jobs";
}

TEST(ShippedJobs, AllPlanWithoutErrors) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(jobs_folder())) {
    if (entry.path().extension() != ".toml") continue;
    ++count;
    const auto text = read_file(entry.path()).value();
    const auto result = planned(text);
    EXPECT_TRUE(result.plan.has_value()) << render(result.errors, entry.path().string(), text);
  }
  EXPECT_GE(count, 6U);
}

TEST(ShippedJobs, QuickstartDoesAllFourKindsOfWork) {
  const auto plan = plan_of(read_file(jobs_folder() / "quickstart.toml").value());
  EXPECT_GE(plan.trials.size(), 12U);
  EXPECT_EQ(tasks_of(plan, Stage::prune).size(), 3U);
  EXPECT_EQ(tasks_of(plan, Stage::quantize).size(), 2U);
  EXPECT_EQ(tasks_of(plan, Stage::teacher_logits).size(), 1U);
  EXPECT_EQ(tasks_of(plan, Stage::distill).size(), 2U);
}

TEST(ShippedJobs, TheSearchesPlanWhatTheirCommentsSay) {
  const auto halving = plan_of(read_file(jobs_folder() / "search-halving.toml").value());
  EXPECT_EQ(halving.trials.size(), 27U);
  EXPECT_THAT(halving.spaces.at(0).rungs, testing::ElementsAre(1, 3, 9));
  const auto nsga2 = plan_of(read_file(jobs_folder() / "search-nsga2.toml").value());
  EXPECT_EQ(nsga2.trials.size(), 4 * nsga2.search.value().population);
}

class LocalSurroundings : public testing::Test {
 protected:
  LocalSurroundings() {
    std::string name = (fs::temp_directory_path() / "espalier-job-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~LocalSurroundings() override { fs::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }
  fs::path folder_;
};

TEST_F(LocalSurroundings, HashFilesRelativeToTheFolder) {
  write("a.pt", "bytes");
  const auto surroundings = local_surroundings(folder_.string());
  EXPECT_EQ(surroundings.file("a.pt").value().value, sha256_hex("bytes"));
  EXPECT_EQ(surroundings.file("b.pt").error().kind, ErrorKind::not_found);
  EXPECT_EQ(surroundings.absolute("a.pt"), (folder_ / "a.pt").string());
}

TEST_F(LocalSurroundings, AFingerprintChangesWithNamesAndContents) {
  write("a", "1");
  const auto surroundings = local_surroundings(folder_.string());
  const auto first = surroundings.data(".").value();
  EXPECT_EQ(surroundings.data(".").value(), first);
  write("a", "12");
  const auto second = surroundings.data(".").value();
  EXPECT_NE(second, first);
  fs::rename(folder_ / "a", folder_ / "b");
  EXPECT_NE(surroundings.data(".").value(), second);
  EXPECT_EQ(surroundings.data("missing").error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace espalier::job
