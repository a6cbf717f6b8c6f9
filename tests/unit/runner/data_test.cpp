#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <torch/torch.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <numeric>
#include <string>

#include "worker/runner/data/dataset.hpp"
#include "worker/runner/data/idx.hpp"
#include "worker/runner/data/random.hpp"
#include "worker/runner/data/subset.hpp"

namespace espalier::runner {
namespace {

json::object object(const char* text) {
  return json::parse(text).as_object();
}

std::string header(std::uint8_t dimensions, const std::vector<std::uint32_t>& sizes) {
  std::string bytes = {0, 0, 8, static_cast<char>(dimensions)};
  for (const auto size : sizes)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift);
  return bytes;
}

class IdxFiles : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) / ("espalier_idx_" + std::to_string(getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& bytes) const {
    std::FILE* out = std::fopen((folder_ / name).c_str(), "wb");
    std::fwrite(bytes.data(), 1, bytes.size(), out);
    std::fclose(out);
  }
  void write_gzip(const std::string& name, const std::string& bytes) const {
    gzFile out = gzopen((folder_ / name).c_str(), "wb");
    gzwrite(out, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(out);
  }
  [[nodiscard]] std::string error_of(const std::string& name, std::size_t dimensions) const {
    try {
      read_idx(folder_ / name, dimensions);
    } catch (const ErrorException& error) {
      return error.error().message;
    }
    return "read";
  }
  std::filesystem::path folder_;
};

TEST_F(IdxFiles, AreReadPlainAndCompressed) {
  const auto bytes = header(3, {2, 2, 3}) + "abcdefghijkl";
  write("plain", bytes);
  write_gzip("packed.gz", bytes);
  for (const char* name : {"plain", "packed"}) {
    const auto array = read_idx(folder_ / name, 3);
    EXPECT_EQ(array.dimensions, (std::vector<std::int64_t>{2, 2, 3}));
    EXPECT_EQ(std::string(array.bytes.begin(), array.bytes.end()), "abcdefghijkl");
  }
}

TEST_F(IdxFiles, ThatAreBrokenAreNamedWithTheOffset) {
  write("short", header(1, {5}) + "abc");
  EXPECT_NE(error_of("short", 1).find((folder_ / "short").string() + " is broken at byte 11"),
            std::string::npos);
  write("long", header(1, {2}) + "abc");
  EXPECT_NE(error_of("long", 1).find("byte 10: more bytes follow"), std::string::npos);
  write("headless", header(3, {5}));
  EXPECT_NE(error_of("headless", 3).find("byte 8: it ends inside its header"), std::string::npos);
  write("other", header(1, {2}) + "ab");
  EXPECT_NE(error_of("other", 3).find("byte 0"), std::string::npos);
  write("huge", header(3, {0xffffffff, 0xffffffff, 0xffffffff}));
  EXPECT_NE(error_of("huge", 3).find("a dimension of 4294967295"), std::string::npos);
  EXPECT_NE(error_of("absent", 3).find("absent.gz can be read"), std::string::npos);
}

TEST_F(IdxFiles, ThatAreCutInTheirCompressedBytesAreBroken) {
  write_gzip("whole.gz", header(1, {1000}) + std::string(1000, 'a'));
  std::filesystem::resize_file(folder_ / "whole.gz", std::filesystem::file_size(folder_ / "whole.gz") - 6);
  EXPECT_NE(error_of("whole", 1).find("is broken at byte"), std::string::npos);
}

TEST_F(IdxFiles, MakeADatasetIfTheirCountsAgree) {
  write("train-images-idx3-ubyte",
        header(3, {4, 2, 2}) + std::string("\0\0\0\0\4\4\4\4\0\0\0\0\4\4\4\4", 16));
  write("train-labels-idx1-ubyte", header(1, {4}) + std::string("\0\1\0\1", 4));
  write("t10k-images-idx3-ubyte", header(3, {1, 2, 2}) + std::string("\2\2\2\2", 4));
  write("t10k-labels-idx1-ubyte", header(1, {1}) + std::string("\1", 1));
  json::object spec{{"format", "idx"}, {"path", folder_.string()}};
  const auto& dataset = load_dataset(spec, 1);
  EXPECT_EQ(dataset.classes, 2);
  EXPECT_EQ(data_shape(spec).input_shape, dataset.input_shape);
  EXPECT_EQ(dataset.mean.item<float>(), 2.0F);
  EXPECT_EQ(dataset.deviation.item<float>(), 2.0F);
  EXPECT_TRUE(batch_images(dataset, dataset.train, torch::tensor({1L, 0L}))
                  .equal(torch::tensor({1.0F, -1.0F}).view({2, 1, 1, 1}).expand({2, 1, 2, 2})));
  write("t10k-labels-idx1-ubyte", header(1, {2}) + std::string("\1\1", 2));
  EXPECT_THROW(load_dataset(spec, 2), ErrorException);
}

TEST(ASubset, KeepsEveryClassInProportionForAllSizesAndSeeds) {
  EXPECT_TRUE(rc::check([] {
    const auto sizes = *rc::gen::container<std::vector<int>>(5, rc::gen::inRange(1, 60));
    std::vector<std::int64_t> labels;
    for (std::size_t label = 0; label < sizes.size(); ++label)
      labels.insert(labels.end(), static_cast<std::size_t>(sizes[label]), static_cast<std::int64_t>(label));
    const auto total = static_cast<std::int64_t>(labels.size());
    const auto count = *rc::gen::inRange<std::int64_t>(1, total + 1);
    const auto seed = *rc::gen::arbitrary<std::int64_t>();
    const auto kept = stratified_subset(labels, count, seed);
    RC_ASSERT(static_cast<std::int64_t>(kept.size()) == count);
    RC_ASSERT(std::is_sorted(kept.begin(), kept.end()));
    RC_ASSERT(std::adjacent_find(kept.begin(), kept.end()) == kept.end());
    std::map<std::int64_t, std::int64_t> of_class;
    for (const auto position : kept) ++of_class[labels[static_cast<std::size_t>(position)]];
    for (std::size_t label = 0; label < sizes.size(); ++label) {
      const auto exact = static_cast<double>(count) * sizes[label] / static_cast<double>(total);
      RC_ASSERT(std::abs(static_cast<double>(of_class[static_cast<std::int64_t>(label)]) - exact) < 1.0);
    }
    RC_ASSERT(kept == stratified_subset(labels, count, seed));
  }));
}

TEST(ASubset, DependsOnTheSeed) {
  std::vector<std::int64_t> labels(100, 0);
  EXPECT_NE(stratified_subset(labels, 10, 1), stratified_subset(labels, 10, 2));
}

TEST(AShuffle, IsTheSameOnEveryMachine) {
  // Fixed numbers: results of earlier runs are reused only as long as these hold.
  EXPECT_EQ(mixed(1, 2, 3), 7702586659592502839ULL);
  std::mt19937_64 generator(1);
  std::vector<int> values = {0, 1, 2, 3, 4, 5, 6, 7};
  shuffle(values, generator);
  EXPECT_EQ(values, (std::vector<int>{4, 6, 3, 5, 1, 7, 2, 0}));
}

TEST(AShuffle, HoldsEveryIndexOnceAndChangesWithSeedAndStream) {
  const auto order = shuffled_indices(1000, 3, 1);
  EXPECT_TRUE(std::get<0>(order.sort()).equal(torch::arange(1000)));
  EXPECT_TRUE(order.equal(shuffled_indices(1000, 3, 1)));
  EXPECT_FALSE(order.equal(shuffled_indices(1000, 3, 2)));
  EXPECT_FALSE(order.equal(shuffled_indices(1000, 4, 1)));
}

constexpr const char* kSynthetic =
    R"({"format": "synthetic", "input_shape": [2, 8, 8], "classes": 4, "train_samples": 64, "val_samples": 16})";

TEST(ADataset, IsNormalisedByItsTrainSubset) {
  const auto& dataset = load_dataset(object(kSynthetic), 1);
  const auto images = batch_images(dataset, dataset.train, torch::arange(64));
  for (const auto channel : {0, 1}) {
    EXPECT_NEAR(images.select(1, channel).mean().item<double>(), 0, 1e-5);
    EXPECT_NEAR(images.select(1, channel).std(/*unbiased=*/false).item<double>(), 1, 1e-5);
  }
}

TEST(ADataset, IsNormalisedByWhatTheJobSaysWhereItSaysSo) {
  auto spec = object(kSynthetic);
  spec["mean"] = json::array{0.5};
  spec["std"] = json::array{0.25};
  const auto& dataset = load_dataset(spec, 1);
  EXPECT_TRUE(dataset.mean.eq(127.5).all().item<bool>());
  EXPECT_TRUE(dataset.deviation.eq(63.75).all().item<bool>());
  const auto first = batch_images(dataset, dataset.train, torch::tensor({std::int64_t{0}}));
  const auto bytes = dataset.train.images.slice(0, 0, 1).to(torch::kFloat);
  EXPECT_TRUE(first.allclose((bytes / 255 - 0.5) / 0.25, 1e-5, 1e-5));
  const auto written = dataset.fingerprint;
  EXPECT_NE(written, load_dataset(object(kSynthetic), 1).fingerprint);
  spec["mean"] = json::array{0.1, 0.2, 0.3, 0.4, 0.5};
  EXPECT_THROW(load_dataset(spec, 1), ErrorException);
}

TEST(ADataset, IsResizedBeforeItIsNormalised) {
  auto spec = object(kSynthetic);
  spec["resize"] = 4;
  const auto& dataset = load_dataset(spec, 1);
  EXPECT_EQ(dataset.input_shape, (std::vector<std::int64_t>{2, 4, 4}));
  EXPECT_EQ(data_shape(spec).input_shape, dataset.input_shape);
  EXPECT_NEAR(batch_images(dataset, dataset.train, torch::arange(64)).mean().item<double>(), 0, 1e-5);
}

TEST(ADataset, HasAFingerprintThatTellsSubsetsApart) {
  auto spec = object(kSynthetic);
  const auto first = load_dataset(spec, 1).fingerprint;
  EXPECT_NE(load_dataset(spec, 2).fingerprint, first);
  spec["train_samples"] = 63;
  EXPECT_NE(load_dataset(spec, 1).fingerprint, first);
  spec["train_samples"] = 64;
  spec["augment"] = {"flip"};
  EXPECT_EQ(load_dataset(spec, 1).fingerprint, first);
}

TEST(ADataset, OfAnUnknownKindIsRefused) {
  EXPECT_THROW(load_dataset(object(R"({"dataset": "fashion"})"), 1), ErrorException);
  EXPECT_THROW(load_dataset(object(R"({"format": "cifar10", "path": "/"})"), 1), ErrorException);
}

TEST(AugmentedImages, AreDrawnFromSeedEpochAndSampleAlone) {
  auto spec = object(kSynthetic);
  spec["augment"] = {"flip", "crop"};
  const auto& dataset = load_dataset(spec, 1);
  const auto batch = augmented_batch(dataset, torch::tensor({5L, 9L, 30L}), 1, 2);
  EXPECT_TRUE(augmented_batch(dataset, torch::tensor({30L, 5L}), 1, 2)[0].equal(batch[2]));
  EXPECT_FALSE(augmented_batch(dataset, torch::arange(64), 1, 3)
                   .equal(augmented_batch(dataset, torch::arange(64), 1, 2)));
  EXPECT_FALSE(augmented_batch(dataset, torch::arange(64), 2, 2)
                   .equal(augmented_batch(dataset, torch::arange(64), 1, 2)));
}

TEST(AugmentedImages, AreMirroredAboutHalfOfTheTimeByFlip) {
  auto spec = object(kSynthetic);
  spec["augment"] = {"flip"};
  const auto& dataset = load_dataset(spec, 1);
  const auto plain = batch_images(dataset, dataset.train, torch::arange(64));
  const auto moved = augmented_batch(dataset, torch::arange(64), 1, 1);
  int mirrored = 0;
  for (int sample = 0; sample < 64; ++sample) {
    const bool is_mirrored = moved[sample].equal(plain[sample].flip({2}));
    EXPECT_TRUE(is_mirrored || moved[sample].equal(plain[sample]));
    mirrored += is_mirrored ? 1 : 0;
  }
  EXPECT_GT(mirrored, 16);
  EXPECT_LT(mirrored, 48);
}

TEST(AugmentedImages, ShowBlackWhereACropReachesOverTheEdge) {
  auto spec = object(kSynthetic);
  spec["augment"] = {"crop"};
  const auto& dataset = load_dataset(spec, 1);
  const auto black = (-dataset.mean / dataset.deviation)[0];
  const auto plain = batch_images(dataset, dataset.train, torch::arange(64));
  const auto moved = augmented_batch(dataset, torch::arange(64), 1, 1);
  for (int sample = 0; sample < 64; ++sample) {
    bool found = false;
    const auto padded = torch::cat({black.expand({2, 1, 8}), plain[sample], black.expand({2, 1, 8})}, 1);
    const auto wide = torch::cat({black.expand({2, 10, 1}), padded, black.expand({2, 10, 1})}, 2);
    for (int down = 0; down < 3; ++down)
      for (int right = 0; right < 3; ++right)
        found |= moved[sample].equal(wide.slice(1, down, down + 8).slice(2, right, right + 8));
    EXPECT_TRUE(found) << sample;
  }
}

}  // namespace
}  // namespace espalier::runner
