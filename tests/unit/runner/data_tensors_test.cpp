#include <torch/script.h>

#include "tests/unit/runner/data_files.hpp"
#include "worker/runner/data/dataset.hpp"
#include "worker/runner/data/stored_tensor.hpp"
#include "worker/runner/fields.hpp"
#include "worker/runner/task.hpp"

namespace espalier::runner {
namespace {

using data_files::error_of;
using data_files::npy;
using data_files::npy_header;
using data_files::raw_bytes;
using data_files::safetensors;

using Floats = std::vector<float>;
using Longs = std::vector<std::int64_t>;

class StoredTensors : public data_files::DataFolder {
 protected:
  torch::Tensor read(const std::string& file) const { return load_stored(find_npy(write("a.npy", file))); }
  [[nodiscard]] std::string complaint(const std::string& file) const {
    return error_of([&] { read(file); });
  }
  [[nodiscard]] std::string complaint_of_safetensors(const std::string& file) const {
    return error_of([&] { find_safetensors(write("a.safetensors", file)); });
  }
};

TEST_F(StoredTensors, OfNumpyHaveEveryTypeOfNumber) {
  const auto expected = torch::tensor({{1, 2, 3}, {4, 5, 6}});
  const auto check = [&](const std::string& descr, const auto& values, torch::Dtype type) {
    const auto tensor = read(npy(descr, "(2, 3)", values));
    EXPECT_EQ(tensor.scalar_type(), type) << descr;
    EXPECT_TRUE(tensor.equal(expected.to(type))) << descr;
  };
  check("<f4", Floats{1, 2, 3, 4, 5, 6}, torch::kFloat);
  check("<f8", std::vector<double>{1, 2, 3, 4, 5, 6}, torch::kFloat);
  check("<f2", std::vector<std::uint16_t>{0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600}, torch::kFloat);
  check("|u1", std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6}, torch::kUInt8);
  check("|i1", std::vector<std::int8_t>{1, 2, 3, 4, 5, 6}, torch::kInt64);
  check("<i2", std::vector<std::int16_t>{1, 2, 3, 4, 5, 6}, torch::kInt64);
  check("<i4", std::vector<std::int32_t>{1, 2, 3, 4, 5, 6}, torch::kInt64);
  check("<i8", Longs{1, 2, 3, 4, 5, 6}, torch::kInt64);
  EXPECT_TRUE(
      read(npy("<u2", "(2,)", std::vector<std::uint16_t>{65535, 1})).equal(torch::tensor({65535L, 1L})));
  EXPECT_TRUE(read(npy("<u4", "(2,)", std::vector<std::uint32_t>{4294967295U, 7}))
                  .equal(torch::tensor({4294967295L, 7L})));
}

TEST_F(StoredTensors, OfNumpyInFortransOrderAreTurned) {
  const auto tensor = read(npy("<f4", "(2, 3)", Floats{1, 4, 2, 5, 3, 6}, "True"));
  EXPECT_TRUE(tensor.equal(torch::tensor({{1.0F, 2.0F, 3.0F}, {4.0F, 5.0F, 6.0F}})));
  EXPECT_TRUE(tensor.is_contiguous());
}

TEST_F(StoredTensors, OfNumpyHaveHeadersOfThreeVersions) {
  for (const int version : {1, 2, 3})
    EXPECT_TRUE(read(npy_header("{'shape': (1L, 2,), 'fortran_order': False, 'descr': \"<f4\"}", version) +
                     raw_bytes(Floats{1, 2}))
                    .equal(torch::tensor({{1.0F, 2.0F}})));
  EXPECT_NE(complaint(npy_header("{}", 4)).find("a.npy is broken at byte 6: a format version 4"),
            std::string::npos);
}

TEST_F(StoredTensors, OfNumpyThatAreBrokenAreNamedWithTheOffset) {
  const auto whole = npy("<f4", "(2, 3)", Floats{1, 2, 3, 4, 5, 6});
  const auto place = (folder_ / "a.npy").string() + " is broken at byte ";
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(complaint(whole.substr(0, size)).find(place), 0) << size;
  EXPECT_NE(complaint(whole.substr(0, whole.size() - 4)).find("promises 24 bytes of data, and there are 20"),
            std::string::npos);
  EXPECT_NE(complaint(whole + "x").find("and there are 25"), std::string::npos);
  EXPECT_NE(complaint("PK\3\4 an archive of arrays").find("byte 0: it is no file of numpy.save"),
            std::string::npos);
  EXPECT_NE(complaint(npy_header("{'descr': '<f4'}")).find("lacks descr, fortran_order or shape"),
            std::string::npos);
  EXPECT_NE(complaint(npy_header("{'descr': 4}")).find("byte 20: no text"), std::string::npos);
  EXPECT_NE(complaint(npy_header("{'color': '4'}")).find("an unknown key \"color\""), std::string::npos);
  EXPECT_NE(complaint(npy("<f4", "(2, x)", Floats{1})).find("no number where its shape"), std::string::npos);
  EXPECT_NE(complaint(npy("<f4", "(0, 3)", Floats{})).find("a dimension of 0"), std::string::npos);
  EXPECT_NE(complaint(npy("<f4", "(-1, 3)", Floats{})).find("a dimension of -1"), std::string::npos);
  EXPECT_NE(
      complaint(npy("|u1", "(4000000000, 4000000000, 4000000000)", Floats{})).find("more than the 16 GiB"),
      std::string::npos);
  EXPECT_NE(complaint("\x93NUMPY\2" + std::string(1, '\0') + "\xff\xff\xff\x7f")
                .find("a header of 2147483647 bytes"),
            std::string::npos);
}

TEST_F(StoredTensors, OfNumpyWithElementsThatAreNoUseSayHowToSaveThem) {
  EXPECT_NE(complaint(npy(">f4", "(1,)", Floats{1})).find("newbyteorder"), std::string::npos);
  EXPECT_NE(complaint(npy("|O", "(1,)", Floats{1})).find("elements of the type \"|O\" can't be used"),
            std::string::npos);
  EXPECT_NE(complaint(npy_header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}"))
                .find("structures"),
            std::string::npos);
}

TEST_F(StoredTensors, OfSafetensorsAreFoundByName) {
  const auto path =
      write("a.safetensors",
            safetensors(R"({"__metadata__": {"format": "pt"},
                            "x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
                            "b": {"dtype": "BF16", "shape": [1, 2], "data_offsets": [8, 12]}})",
                        raw_bytes(Floats{1, 2}) + raw_bytes(std::vector<std::uint16_t>{0x3f80, 0x4000})));
  const auto tensors = find_safetensors(path);
  EXPECT_EQ(tensors.size(), 2U);
  EXPECT_TRUE(load_stored(tensors.at("x")).equal(torch::tensor({1.0F, 2.0F})));
  EXPECT_TRUE(load_stored(tensors.at("b")).equal(torch::tensor({{1.0F, 2.0F}})));
}

TEST_F(StoredTensors, OfSafetensorsThatAreBrokenAreNamedWithTheOffset) {
  const auto entry = [](const std::string& text) {
    return safetensors("{\"x\": " + text + "}", std::string(8, 'a'));
  };
  const auto check = [&](const std::string& file, const std::string& said) {
    const auto complaint = complaint_of_safetensors(file);
    EXPECT_EQ(complaint.find((folder_ / "a.safetensors").string() + " is broken at byte "), 0) << complaint;
    EXPECT_NE(complaint.find(said), std::string::npos) << complaint;
  };
  check("abc", "it ends inside its header");
  check(std::string(8, '\xff'), "it says that its header has 18446744073709551615 bytes");
  check(safetensors("[]", ""), "its header is no JSON object");
  check(safetensors("{\"x\"", ""), "its header is no JSON object");
  check(entry("3"), "\"x\" lacks dtype, shape or data_offsets");
  check(entry(R"({"dtype": "F32", "shape": [2], "data_offsets": [0]})"), "lacks dtype");
  check(entry(R"({"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]})"), "lacks dtype");
  check(entry(R"({"dtype": "BOOL", "shape": [8], "data_offsets": [0, 8]})"), "elements of the type BOOL");
  check(entry(R"({"dtype": "F32", "shape": [3], "data_offsets": [0, 8]})"), "don't fit its shape");
  check(entry(R"({"dtype": "F32", "shape": [2], "data_offsets": [8, 0]})"), "don't fit its shape");
  check(entry(R"({"dtype": "F32", "shape": [2], "data_offsets": [4, 12]})"),
        "it ends inside the data of \"x\"");
  check(entry(R"({"dtype": "F32", "shape": [9223372036854775807, 2], "data_offsets": [0, 8]})"), "16 GiB");
}

class ATensorFolder : public data_files::DataFolder {
 protected:
  void write_floats() const {
    write("x_train.npy", npy("<f4", "(4, 3)", Floats{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
    write("y_train.npy", npy("<i8", "(4,)", Longs{0, 1, 0, 1}));
    write("x_val.npy", npy("<f4", "(1, 3)", Floats{1, 2, 3}));
    write("y_val.npy", npy("<i8", "(1, 1)", Longs{2}));
  }
  [[nodiscard]] json::object spec(json::object more = {}) const {
    more["format"] = "tensors";
    more["path"] = folder_.string();
    return more;
  }
  [[nodiscard]] std::string complaint(json::object more = {}) const {
    return error_of([&] { load_dataset(spec(std::move(more)), 1); });
  }
};

TEST_F(ATensorFolder, OfFloatsIsTakenAsItIs) {
  write_floats();
  const auto& dataset = load_dataset(spec(), 1);
  EXPECT_EQ(dataset.kind, InputKind::floats);
  EXPECT_EQ(dataset.input_shape, (std::vector<std::int64_t>{3}));
  EXPECT_EQ(dataset.classes, 3);
  EXPECT_EQ(data_shape(spec()).input_shape, dataset.input_shape);
  EXPECT_EQ(data_shape(spec()).classes, 3);
  EXPECT_TRUE(batch_images(dataset, dataset.train, torch::tensor({3L, 0L}))
                  .equal(torch::tensor({{10.0F, 11.0F, 12.0F}, {1.0F, 2.0F, 3.0F}})));
}

TEST_F(ATensorFolder, MayBeSafetensorsInOneFileOrSeveral) {
  const auto entry = [](const char* name, const char* shape, int from, int to, const char* type) {
    return std::string("\"") + name + "\": {\"dtype\": \"" + type + "\", \"shape\": " + shape +
           ", \"data_offsets\": [" + std::to_string(from) + ", " + std::to_string(to) + "]}";
  };
  write("train.safetensors", safetensors("{" + entry("x_train", "[2, 1]", 0, 8, "F32") + "," +
                                             entry("y_train", "[2]", 8, 24, "I64") + "}",
                                         raw_bytes(Floats{1, 2}) + raw_bytes(Longs{0, 1})));
  write("x_val.npy", npy("<f4", "(1, 1)", Floats{3}));
  write("y_val.npy", npy("|u1", "(1,)", std::vector<std::uint8_t>{1}));
  EXPECT_EQ(load_dataset(spec(), 1).train.size(), 2);
  write("x_train.npy", npy("<f4", "(1, 1)", Floats{3}));
  EXPECT_NE(complaint({{"train_samples", 1}}).find("x_train is both in "), std::string::npos);
}

TEST_F(ATensorFolder, OfBytesHoldsImagesThatAreNormalised) {
  write_floats();
  write("x_train.npy",
        npy("|u1", "(4, 2, 2)", std::vector<std::uint8_t>{0, 0, 0, 0, 4, 4, 4, 4, 0, 0, 0, 0, 4, 4, 4, 4}));
  write("x_val.npy", npy("|u1", "(1, 2, 2)", std::vector<std::uint8_t>{2, 2, 2, 2}));
  const auto& dataset = load_dataset(spec({{"augment", {"flip"}}}), 1);
  EXPECT_EQ(dataset.kind, InputKind::images);
  EXPECT_EQ(dataset.input_shape, (std::vector<std::int64_t>{1, 2, 2}));
  EXPECT_TRUE(batch_images(dataset, dataset.validation, torch::tensor({0L})).eq(0).all().item<bool>());
  EXPECT_TRUE(augmented_batch(dataset, torch::tensor({1L}), 1, 1).eq(1).all().item<bool>());
  EXPECT_EQ(load_dataset(spec({{"resize", 4}}), 1).input_shape, (std::vector<std::int64_t>{1, 4, 4}));
}

TEST_F(ATensorFolder, OfWholeNumbersHoldsTokensThatStayAsTheyAre) {
  write_floats();
  write("x_train.npy",
        npy("<i4", "(4, 3)", std::vector<std::int32_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 500}));
  write("x_val.npy", npy("<u2", "(1, 3)", std::vector<std::uint16_t>{600, 2, 3}));
  const auto& dataset = load_dataset(spec(), 1);
  EXPECT_EQ(dataset.kind, InputKind::ids);
  EXPECT_TRUE(
      batch_images(dataset, dataset.train, torch::tensor({3L})).equal(torch::tensor({{10L, 11L, 500L}})));
  EXPECT_EQ(data_shape(spec()).vocabulary, 601);
  EXPECT_NE(complaint({{"augment", {"crop"}}}).find("these inputs are token ids; leave data.augment out"),
            std::string::npos);
  EXPECT_NE(complaint({{"resize", 4}}).find("data.resize is for images"), std::string::npos);
}

TEST_F(ATensorFolder, OfFloatImagesIsMovedButNotResized) {
  write_floats();
  write("x_train.npy", npy("<f4", "(4, 1, 1, 3)", Floats{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
  write("x_val.npy", npy("<f4", "(1, 1, 1, 3)", Floats{1, 2, 3}));
  const auto& dataset = load_dataset(spec({{"augment", {"flip", "crop"}}}), 1);
  const auto moved = augmented_batch(dataset, torch::arange(4), 1, 1);
  EXPECT_EQ(moved.sizes(), (std::vector<std::int64_t>{4, 1, 1, 3}));
  EXPECT_NE(complaint({{"resize", 2}}).find("these inputs are floats"), std::string::npos);
  write_floats();
  EXPECT_NE(complaint({{"augment", {"flip"}}, {"train_samples", 3}}).find("of 1 dimensions, not 3"),
            std::string::npos);
}

TEST_F(ATensorFolder, WithoutValidationTensorsHasSomeSetApart) {
  Floats inputs;
  Longs labels;
  for (int sample = 0; sample < 20; ++sample) {
    inputs.push_back(static_cast<float>(sample));
    labels.push_back(sample % 2);
  }
  write("x_train.npy", npy("<f4", "(20, 1)", inputs));
  write("y_train.npy", npy("<i8", "(20,)", labels));
  const auto& dataset = load_dataset(spec({{"val_fraction", 0.3}}), 1);
  EXPECT_EQ(dataset.train.size(), 14);
  EXPECT_EQ(dataset.validation.labels.sum().item<std::int64_t>(), 3);
  const auto all = torch::cat({dataset.train.images, dataset.validation.images}).flatten();
  EXPECT_TRUE(std::get<0>(all.sort()).equal(torch::arange(20).to(torch::kFloat)));
  EXPECT_TRUE(dataset.train.images.flatten().to(torch::kInt64).remainder(2).equal(dataset.train.labels));
}

TEST_F(ATensorFolder, ThatIsWrongNamesTheFileAndTheOffset) {
  write_floats();
  const auto check = [&](const std::string& name, const std::string& file, const std::string& said) {
    const auto before = data_files::bytes_of(folder_ / name);
    write(name, file);
    EXPECT_NE(complaint().find(said), std::string::npos) << complaint();
    write(name, before);
  };
  check("y_train.npy", npy("<i8", "(3,)", Longs{0, 1, 0}),
        "y_train.npy is broken at byte 128: 3 labels for the 4 inputs");
  check("y_train.npy", npy("<f4", "(4,)", Floats{0, 1, 0, 1}), "labels have to be whole numbers");
  check("y_train.npy", npy("<i8", "(4, 2)", Longs{0, 1, 0, 1, 0, 1, 0, 1}), "of one-hot rows y.argmax(1)");
  check("y_train.npy", npy("<i8", "(4,)", Longs{0, 1, -1, 1}), "byte 144: a label -1 of sample 2");
  check("y_train.npy", npy("<i8", "(4,)", Longs{0, 1, 0, 1L << 40}),
        "byte 152: a label 1099511627776 of sample 3");
  check("x_train.npy", npy("<f4", "(4, 1)", Floats{0, 1, 0, std::nanf("")}),
        "byte 140: a number of sample 3 is not finite");
  check("x_train.npy", npy("<i8", "(4, 1)", Longs{0, 1, -5, 3}), "byte 144: a negative number of sample 2");
  check("x_train.npy", npy("<f4", "(4,)", Floats{0, 1, 2, 3}), "no dimension but the samples");
  check("x_val.npy", npy("<f4", "(1, 2)", Floats{0, 1}), "another shape or type than those of");
  EXPECT_NE(complaint({{"val_fraction", 0.5}}).find("leave data.val_fraction out"), std::string::npos);
  std::filesystem::remove(folder_ / "y_val.npy");
  EXPECT_NE(complaint().find("has no y_val: neither y_val.npy nor a tensor of that name"), std::string::npos);
}

// Tokens below `vocabulary`, of which the first is the class.
void write_tokens(const std::function<void(const std::string&, const std::string&)>& write, int vocabulary) {
  Longs inputs, labels;
  for (int sample = 0; sample < 64; ++sample) {
    labels.push_back(sample % 2);
    for (int place = 0; place < 5; ++place)
      inputs.push_back(place == 0 ? sample % 2 : (sample * 7 + place) % vocabulary);
  }
  write("x_train.npy", npy("<i8", "(64, 5)", inputs));
  write("y_train.npy", npy("<i8", "(64,)", labels));
}

torch::jit::Module token_net(int vocabulary) {
  torch::jit::Module net("tokens");
  net.register_parameter("table", torch::randn({vocabulary, 2}), false);
  net.define("def forward(self, x):\n  return torch.embedding(self.table, x)[:, 0]\n");
  return net;
}

class TensorTasks : public ATensorFolder {
 protected:
  TaskOutcome run(const std::string& stage, json::object model, json::object settings) {
    TaskContext task;
    const auto out = folder_ / ("out-" + stage);
    std::filesystem::create_directories(out);
    task.folder = out;
    task.spec = {{"stage", stage}, {"seed", 1}, {"data", spec()}, {"settings", std::move(settings)}};
    if (!model.empty()) task.spec["model"] = model;
    task.inputs = inputs_;
    task.progress = [](double, const std::string&, const std::vector<CurvePoint>&) {};
    return run_task(task);
  }
  std::map<std::string, std::filesystem::path> inputs_;
};

TEST_F(TensorTasks, TrainAndMeasureAnMlpOnRowsOfFloats) {
  write_floats();
  const auto outcome = run("train", {{"name", "mlp"}}, {{"epochs", 1}, {"batch_size", 2}});
  EXPECT_EQ(load_model(outcome.outputs.at(0).path).info.input_shape, (std::vector<std::int64_t>{3}));
  inputs_["model"] = outcome.outputs.at(0).path;
  EXPECT_FALSE(run("benchmark", {}, {{"min_seconds", 0.01}, {"target_ci", 1.0}}).metrics.empty());
  EXPECT_NE(error_of([&] {
              run("train", {{"name", "lenet5"}}, {{"epochs", 1}});
            }).find("lenet5 takes images"),
            std::string::npos);
}

TEST_F(TensorTasks, TrainAndMeasureANetOfTheUsersOnTokens) {
  write_tokens([this](const std::string& name, const std::string& bytes) { write(name, bytes); }, 11);
  token_net(11).save((folder_ / "net.pt").string());
  inputs_["model"] = folder_ / "net.pt";
  const json::object model{{"file", "0"}, {"init", "weights"}, {"input_shape", {5}}};
  const auto outcome = run("train", model, {{"epochs", 40}, {"batch_size", 8}, {"learning_rate", 0.1}});
  inputs_["model"] = outcome.outputs.at(0).path;
  EXPECT_EQ(run("evaluate", {}, {}).metrics.at(0).value, 1.0);
  EXPECT_FALSE(run("benchmark", {}, {{"min_seconds", 0.01}, {"target_ci", 1.0}}).metrics.empty());
  token_net(4).save((folder_ / "small.pt").string());
  inputs_["model"] = folder_ / "small.pt";
  EXPECT_NE(error_of([&] { run("evaluate", model, {}); }).find("doesn't take token ids of shape [5]"),
            std::string::npos);
  EXPECT_NE(error_of([&] {
              run("evaluate", {{"name", "mlp"}}, {});
            }).find("save x_train as float32"),
            std::string::npos);
}

TEST_F(ATensorFolder, MayHoldOtherTensorsOfAnyKindBeside) {
  write("a.safetensors", safetensors(R"({"x_train": {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]},
                        "y_train": {"dtype": "U8", "shape": [2], "data_offsets": [8, 10]},
                        "mask": {"dtype": "BOOL", "shape": [2], "data_offsets": [10, 12]},
                        "hash": {"dtype": "U64", "shape": [1], "data_offsets": [12, 20]},
                        "rest": {"dtype": "F32", "shape": [0], "data_offsets": [20, 20]}})",
                                     std::string(20, '\0')));
  EXPECT_EQ(data_shape(spec()).input_shape, (std::vector<std::int64_t>{1}));
}

}  // namespace
}  // namespace espalier::runner
