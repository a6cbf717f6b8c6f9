#include <ATen/Parallel.h>

#include <algorithm>
#include <set>

#include "tests/unit/runner/data_files.hpp"
#include "worker/runner/data/dataset.hpp"
#include "worker/runner/data/image_folder.hpp"

namespace espalier::runner {
namespace {

using data_files::error_of;
using data_files::solid_png;

class AnImageFolder : public data_files::DataFolder {
 protected:
  void write_both() const {
    write("train/zebra/1.png", solid_png(8, 8, 200));
    write("train/ant/2.PNG", solid_png(8, 8, 100));
    write("train/ant/deeper/1.png", solid_png(8, 8, 102));
    write("train/ant/notes.txt", "no image");
    write("train/.hidden/1.png", "no class");
    write("README", "no class");
    write("val/zebra/1.png", solid_png(8, 8, 201));
  }
  // `each` images of two classes, without a validation folder.
  void write_one(int each) const {
    for (const char* name : {"a", "b"})
      for (int image = 0; image < each; ++image)
        write(std::string(name) + "/" + std::to_string(100 + image) + ".png",
              solid_png(4, 4, static_cast<std::uint8_t>(image)));
  }
  [[nodiscard]] json::object spec(json::object more = {}) const {
    more["format"] = "image-folder";
    more["path"] = folder_.string();
    return more;
  }
  [[nodiscard]] std::string complaint(json::object more = {}) const {
    return error_of([&] { load_dataset(spec(std::move(more)), 1); });
  }
};

TEST_F(AnImageFolder, HasItsClassesInTheOrderOfTheirNames) {
  write_both();
  const auto folder = list_image_folder(folder_, std::nullopt, 1);
  EXPECT_EQ(folder.classes, (std::vector<std::string>{"ant", "zebra"}));
  ASSERT_EQ(folder.train.size(), 3U);
  EXPECT_EQ(folder.train[0].file, folder_ / "train/ant/2.PNG");
  EXPECT_EQ(folder.train[1].file, folder_ / "train/ant/deeper/1.png");
  EXPECT_EQ(folder.train[2].label, 1);
  ASSERT_EQ(folder.validation.size(), 1U);
  EXPECT_EQ(folder.validation[0].label, 1);
}

TEST_F(AnImageFolder, MakesADatasetOfThreeChannels) {
  write_both();
  std::filesystem::rename(folder_ / "val", folder_ / "test");
  const auto& dataset = load_dataset(spec(), 1);
  EXPECT_EQ(dataset.input_shape, (std::vector<std::int64_t>{3, 8, 8}));
  EXPECT_EQ(data_shape(spec()).input_shape, dataset.input_shape);
  EXPECT_EQ(data_shape(spec({{"resize", 5}})).input_shape, (std::vector<std::int64_t>{3, 5, 5}));
  EXPECT_EQ(data_shape(spec()).classes, 2);
  EXPECT_TRUE(dataset.train.images.select(1, 2).select(1, 7).select(1, 7).equal(
      torch::tensor({100, 102, 200}, torch::kUInt8)));
  EXPECT_TRUE(dataset.validation.images.eq(201).all().item<bool>());
}

TEST_F(AnImageFolder, WithoutValidationImagesHasAShareOfEachClassSetApart) {
  write_one(10);
  const auto folder = list_image_folder(folder_, 0.3, 1);
  EXPECT_EQ(folder.train.size(), 14U);
  EXPECT_EQ(std::count_if(folder.validation.begin(), folder.validation.end(),
                          [](const FolderImage& image) { return image.label == 0; }),
            3);
  std::set<std::filesystem::path> all;
  for (const auto* part : {&folder.train, &folder.validation})
    for (const auto& image : *part) all.insert(image.file);
  EXPECT_EQ(all.size(), 20U);
  const auto names = [this](std::int64_t seed) {
    std::vector<std::string> files;
    for (const auto& image : list_image_folder(folder_, 0.3, seed).validation) files.push_back(image.file);
    return files;
  };
  EXPECT_EQ(names(1), names(1));
  EXPECT_NE(names(1), names(2));
  EXPECT_EQ(list_image_folder(folder_, std::nullopt, 1).validation.size(), 4U);
}

TEST_F(AnImageFolder, OfDifferentSizesNeedsResize) {
  write_both();
  write("train/zebra/2.png", solid_png(9, 8, 1));
  EXPECT_EQ(complaint(), (folder_ / "train/zebra/2.png").string() +
                             " has 9x8 pixels, and others have 8x8; set data.resize to bring all images to "
                             "one size");
  EXPECT_EQ(load_dataset(spec({{"resize", 6}, {"shorter_side", 7}}), 1).input_shape,
            (std::vector<std::int64_t>{3, 6, 6}));
}

TEST_F(AnImageFolder, WithBrokenImagesNamesTheFirst) {
  write_both();
  for (int image = 10; image < 60; ++image)
    write("train/zebra/" + std::to_string(image) + ".png", solid_png(8, 8, 1));
  const auto broken = write("train/zebra/25.png", solid_png(8, 8, 1).substr(0, 50));
  write("train/zebra/30.png", "");
  for (const int threads : {1, 2}) {
    at::set_num_threads(threads);
    EXPECT_EQ(complaint().find(broken.string() + " is broken at byte 50"), 0) << complaint();
  }
  at::set_num_threads(1);
}

TEST_F(AnImageFolder, IsTheSameWithSeveralThreads) {
  for (const char* name : {"train/a/", "train/b/", "val/a/"})
    for (int image = 0; image < 20; ++image)
      write(name + std::to_string(image) + ".jpg",
            data_files::jpeg_bytes(50, 40, data_files::pattern(50, 40, image)));
  const auto one = load_dataset(spec({{"resize", 32}}), 1).train.images.clone();
  at::set_num_threads(2);
  EXPECT_TRUE(load_dataset(spec({{"resize", 32}}), 2).train.images.equal(one));
  at::set_num_threads(1);
}

TEST_F(AnImageFolder, IsDecodedNoFurtherThanASubsetGoes) {
  write_one(20);
  const json::object few{{"train_samples", 2}, {"val_samples", 2}};
  const auto& dataset = load_dataset(spec(few), 1);
  const auto kept = dataset.train.images.select(1, 0).select(1, 0).select(1, 0).clone();
  const auto seen = dataset.validation.images.select(1, 0).select(1, 0).select(1, 0).clone();
  EXPECT_EQ(kept.size(0), 2);
  for (const char* name : {"a", "b"})
    for (int image = 0; image < 20; ++image)
      if (!kept.eq(image).any().item<bool>() && !seen.eq(image).any().item<bool>())
        write(std::string(name) + "/" + std::to_string(100 + image) + ".png", "broken");
  EXPECT_NE(complaint().find("neither a JPEG nor a PNG"), std::string::npos);
  EXPECT_TRUE(load_dataset(spec(few), 1).train.images.select(1, 0).select(1, 0).select(1, 0).equal(kept));
}

TEST_F(AnImageFolder, ThatIsNoneSaysWhatItLacks) {
  write("photos/1.png", solid_png(4, 4, 1));
  EXPECT_NE(complaint().find("it has 1 class folders, and two are the least"), std::string::npos);
  write("others/readme.txt", "");
  EXPECT_NE(complaint().find("others: it holds no image"), std::string::npos);
  write("others/1.bmp", "BM");
  EXPECT_NE(complaint().find("1.bmp: images of this kind aren't read; convert it to PNG or JPEG"),
            std::string::npos);
  std::filesystem::rename(folder_ / "others", folder_ / "val");
  EXPECT_NE(complaint().find("it has val/, but no train/"), std::string::npos);
  EXPECT_NE(
      error_of([&] { list_image_folder(folder_ / "absent", std::nullopt, 1); }).find("absent can't be read"),
      std::string::npos);
}

TEST_F(AnImageFolder, WithAClassThatIsNeverTrainedIsRefused) {
  write_both();
  write("val/bee/1.png", solid_png(8, 8, 1));
  EXPECT_NE(complaint().find("val/bee: the training images have no class \"bee\""), std::string::npos);
  std::filesystem::remove_all(folder_ / "val/bee");
  EXPECT_NE(complaint({{"val_fraction", 0.5}}).find("leave data.val_fraction out"), std::string::npos);
}

TEST_F(AnImageFolder, ThatWouldNotFitIntoMemoryIsRefusedWithAdvice) {
  write_one(400);
  EXPECT_NE(complaint({{"resize", 4096}}).find("take more than the 16 GiB"), std::string::npos);
  EXPECT_NE(complaint({{"resize", 4096}}).find("cap data.train_samples"), std::string::npos);
}

TEST_F(AnImageFolder, TakesValidationImagesFromTheFirstOfTheirUsualFolders) {
  write_both();
  std::filesystem::rename(folder_ / "val", folder_ / "test");
  for (const char* name : {"test", "validation", "valid", "val"}) {
    write(std::string(name) + "/zebra/1.png", solid_png(8, 8, 201));
    const auto folder = list_image_folder(folder_, std::nullopt, 1);
    ASSERT_EQ(folder.validation.size(), 1U);
    EXPECT_EQ(folder.validation[0].file, folder_ / name / "zebra/1.png");
  }
}

TEST_F(AnImageFolder, WithoutTrainMayHaveAClassThatIsCalledValid) {
  write("valid/1.png", solid_png(4, 4, 1));
  write("valid/2.png", solid_png(4, 4, 1));
  write("void/1.png", solid_png(4, 4, 1));
  write("void/2.png", solid_png(4, 4, 1));
  EXPECT_EQ(list_image_folder(folder_, std::nullopt, 1).classes, (std::vector<std::string>{"valid", "void"}));
}

}  // namespace
}  // namespace espalier::runner
