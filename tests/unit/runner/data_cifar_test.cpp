#include "tests/unit/runner/data_files.hpp"
#include "worker/runner/data/cifar.hpp"
#include "worker/runner/data/dataset.hpp"

namespace espalier::runner {
namespace {

using data_files::error_of;
using testing::Test;

// Records whose pixels all have the value of their place.
std::string cifar_records(const std::vector<int>& labels, bool is_hundred = false) {
  std::string bytes;
  for (std::size_t record = 0; record < labels.size(); ++record) {
    if (is_hundred) bytes += static_cast<char>(labels[record] / 5);
    bytes += static_cast<char>(labels[record]);
    for (int plane = 0; plane < 3; ++plane)
      bytes += std::string(1024, static_cast<char>(record * 10 + static_cast<std::size_t>(plane)));
  }
  return bytes;
}

class Cifar : public data_files::DataFolder {
 protected:
  void write_ten(const std::string& below = "") {
    for (int batch = 1; batch <= 5; ++batch)
      write(below + "data_batch_" + std::to_string(batch) + ".bin", cifar_records({batch, batch + 4}));
    write(below + "test_batch.bin", cifar_records({0, 9, 3}));
  }
  [[nodiscard]] std::string complaint(CifarKind kind = CifarKind::ten) const {
    return error_of([&] { read_cifar(folder_, kind); });
  }
};

TEST_F(Cifar, TenIsReadFromItsSixFilesPlaneByPlane) {
  write_ten();
  const auto data = read_cifar(folder_, CifarKind::ten);
  EXPECT_TRUE(data.train.labels.equal(torch::tensor({1L, 5L, 2L, 6L, 3L, 7L, 4L, 8L, 5L, 9L})));
  EXPECT_TRUE(data.validation.labels.equal(torch::tensor({0L, 9L, 3L})));
  EXPECT_EQ(data.train.images.sizes(), (std::vector<std::int64_t>{10, 3, 32, 32}));
  EXPECT_TRUE(data.validation.images.select(2, 7).select(2, 7).equal(
      torch::tensor({{0, 1, 2}, {10, 11, 12}, {20, 21, 22}}, torch::kUInt8)));
}

TEST_F(Cifar, IsFoundInTheFolderThatItsArchiveUnpacksTo) {
  write_ten("cifar-10-batches-bin/");
  EXPECT_EQ(read_cifar(folder_, CifarKind::ten).train.labels.size(0), 10);
}

TEST_F(Cifar, HundredHasItsFineLabels) {
  write("cifar-100-binary/train.bin", cifar_records({99, 7, 50}, true));
  write("cifar-100-binary/test.bin", cifar_records({12}, true));
  const auto data = read_cifar(folder_, CifarKind::hundred);
  EXPECT_TRUE(data.train.labels.equal(torch::tensor({99L, 7L, 50L})));
  EXPECT_EQ(data.validation.images[0][2][31][31].item<int>(), 2);
}

TEST_F(Cifar, IsADatasetWithAllItsClasses) {
  write_ten();
  json::object spec{{"format", "cifar10"}, {"path", folder_.string()}, {"train_samples", 5}};
  const auto& dataset = load_dataset(spec, 1);
  EXPECT_EQ(dataset.classes, 10);
  EXPECT_EQ(dataset.train.size(), 5);
  EXPECT_EQ(data_shape(spec).input_shape, dataset.input_shape);
  EXPECT_EQ(data_shape(spec).classes, 10);
}

TEST_F(Cifar, ThatIsCutEndsInsideANamedRecord) {
  write_ten();
  const auto path = folder_ / "data_batch_3.bin";
  std::filesystem::resize_file(path, 3073 + 100);
  EXPECT_EQ(complaint(), path.string() +
                             " is broken at byte 3073: it ends inside its record 2: a record has 3073 bytes; "
                             "fetch the binary version again; files of the Python version are not these");
  write("data_batch_3.bin", "");
  EXPECT_NE(complaint().find("data_batch_3.bin is broken at byte 0: it is empty"), std::string::npos);
}

TEST_F(Cifar, WithALabelBeyondItsClassesIsBrokenThere) {
  write_ten();
  write("test_batch.bin", cifar_records({1, 10}));
  EXPECT_NE(complaint().find("test_batch.bin is broken at byte 3073: a label 10 in record 2"),
            std::string::npos);
  write("train.bin", cifar_records({1, 100}, true));
  write("test.bin", cifar_records({1}, true));
  EXPECT_NE(complaint(CifarKind::hundred).find("train.bin is broken at byte 3075: a label 100"),
            std::string::npos);
}

TEST_F(Cifar, ThatLacksAFileNamesIt) {
  write_ten();
  std::filesystem::remove(folder_ / "data_batch_4.bin");
  EXPECT_NE(complaint().find("data_batch_4.bin can't be read: No such file"), std::string::npos);
  std::filesystem::create_directory(folder_ / "data_batch_4.bin");
  EXPECT_NE(complaint().find("data_batch_4.bin is not a file"), std::string::npos);
}

}  // namespace
}  // namespace espalier::runner
