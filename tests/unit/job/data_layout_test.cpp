#include <filesystem>
#include <fstream>

#include "common/job/data_layout.hpp"
#include "tests/unit/job/plans.hpp"

namespace espalier::job {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ADataFolder : public testing::Test {
 protected:
  ADataFolder() {
    std::string name = (fs::temp_directory_path() / "espalier-layout-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~ADataFolder() override { fs::remove_all(folder_); }
  void add(const std::string& name) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << "x";
  }
  [[nodiscard]] std::string complaint(std::string_view format) const {
    const auto seen = check_layout(format, folder_, "photos");
    return seen ? "none" : seen.error().message + "; " + seen.error().help;
  }
  fs::path folder_;
};

TEST_F(ADataFolder, OfIdxHasFourFilesPlainOrCompressed) {
  for (const char* name : {"train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte"})
    add(name);
  EXPECT_THAT(complaint("idx"), HasSubstr("the data folder `photos` has no t10k-labels-idx1-ubyte"));
  add("t10k-labels-idx1-ubyte");
  EXPECT_EQ(complaint("idx"), "none");
}

TEST_F(ADataFolder, OfCifarHasItsFilesHereOrInTheArchivesFolder) {
  for (const char* name : {"1", "2", "3", "4"})
    add("cifar-10-batches-bin/data_batch_" + std::string(name) + ".bin");
  add("cifar-10-batches-bin/test_batch.bin");
  EXPECT_THAT(complaint("cifar10"), HasSubstr("has no data_batch_5.bin"));
  add("cifar-10-batches-bin/data_batch_5.bin");
  EXPECT_EQ(complaint("cifar10"), "none");
  EXPECT_THAT(complaint("cifar100"), HasSubstr("has no train.bin; unpack the binary version there"));
  add("train.bin");
  add("test.bin");
  EXPECT_EQ(complaint("cifar100"), "none");
}

TEST_F(ADataFolder, OfImagesHasTwoClassesAtLeast) {
  add("val/a/1.png");
  EXPECT_THAT(complaint("image-folder"), HasSubstr("has no train/, but validation images"));
  add("train/a/1.png");
  add("train/.hidden/1.png");
  EXPECT_THAT(complaint("image-folder"), HasSubstr("has no two class folders in train/"));
  add("train/b/1.png");
  EXPECT_EQ(complaint("image-folder"), "none");
}

TEST_F(ADataFolder, OfTensorsHasInputsAndLabels) {
  add("x_train.npy");
  EXPECT_THAT(complaint("tensors"), HasSubstr("has no y_train.npy and no .safetensors file; save it there"));
  add("y_train.npy");
  EXPECT_EQ(complaint("tensors"), "none");
  add("x_val.npy");
  EXPECT_THAT(complaint("tensors"), HasSubstr("has no y_val.npy beside its x_val.npy"));
  add("all.safetensors");
  EXPECT_EQ(complaint("tensors"), "none");
}

TEST_F(ADataFolder, ThatIsNotWhatItsFormatSaysIsAnErrorOfTheJobFile) {
  add("photo.png");
  const auto text = "pipeline = []\n" + kJob + kModel +
                    "[data]\nformat = \"image-folder\"\nresize = 32\npath = \"" + folder_.string() + "\"\n";
  const auto result = plan_job(text, local_surroundings("/"));
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_EQ(result.errors.front().code, "E032");
  EXPECT_EQ(underlined(text, result.errors.front()), "\"" + folder_.string() + "\"");
}

TEST_F(ADataFolder, KeepsTheKeysOfItsFormatInTheSpecification) {
  add("a/1.png");
  add("b/1.png");
  const auto text = "pipeline = [\"train\"]\n" + kJob + kModel +
                    "[data]\nformat = \"image-folder\"\nresize = 32\n" +
                    "shorter_side = 40\nval_fraction = 0.25\npath = \"" + folder_.string() + "\"\n";
  const auto plan = plan_job(text, local_surroundings("/")).plan.value();
  const auto& data = tasks_of(plan, Stage::train).front()->spec.at("data").as_object();
  EXPECT_EQ(data.at("shorter_side"), json::value(40));
  EXPECT_EQ(data.at("val_fraction"), json::value(0.25));
  EXPECT_FALSE(
      tasks_of(plan, Stage::benchmark).front()->spec.at("data").as_object().contains("val_fraction"));
  EXPECT_FALSE(tasks_of(plan_of("pipeline = [\"train\"]\n" + kBasics), Stage::train)
                   .front()
                   ->spec.at("data")
                   .as_object()
                   .contains("val_fraction"));
}

TEST_F(ADataFolder, OfImagesMayHaveValidationImagesByEachOfTheUsualNames) {
  for (const char* name : {"val", "validation", "test"}) {
    add(std::string(name) + "/a/1.png");
    EXPECT_THAT(complaint("image-folder"), HasSubstr("has no train/, but validation images")) << name;
    fs::remove_all(folder_ / name);
  }
  add("valid/1.png");
  add("void/1.png");
  EXPECT_EQ(complaint("image-folder"), "none") << "classes";
}

}  // namespace
}  // namespace espalier::job
