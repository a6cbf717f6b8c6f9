// Models and data that are wrong, through the real programs: each fails its own trial, once, with a reason
// that says what, where and what to do, and the good ones beside it succeed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/bad_files/odd_data.hpp"
#include "tests/bad_files/odd_models.hpp"
#include "tests/integration/espalier_program.hpp"

namespace espalier::test {
namespace {

using ::testing::HasSubstr;

struct Mistake {
  std::string group, model, data, pipeline;
  std::vector<std::string> said;
};

std::string own(const std::string& file, const std::string& shape = "[1, 8, 8]") {
  return "{ file = \"" + file + "\", input_shape = " + shape + " }";
}
std::string zoo(const std::string& weights) {
  return "{ name = \"resnet8\", width = 0.25, weights = \"" + weights + "\" }";
}
std::string folder(const std::string& path, const std::string& format = "tensors") {
  return "{ format = \"" + format + "\", path = \"" + path + "\" }";
}

const std::string kGoodModel = own("good.pt");
const std::string kGoodData = folder("good");

const std::vector<Mistake> kMistakes = {
    {"cut-model", own("cut.pt"), kGoodData, "[]", {"the model file is not TorchScript", "torch.jit.script"}},
    {"text-model",
     own("text.pt"),
     kGoodData,
     "[]",
     {"the model file is not TorchScript", "torch.jit.script"}},
    {"weights-as-model", own("other-net.pth"), kGoodData, "[]", {"torch.save", "no code", "model.weights"}},
    {"newer-operator", own("newer.pt"), kGoodData, "[]", {"aten::relu_of_tomorrow", "LibTorch 1.13"}},
    {"foreign-operator", own("library.pt"), kGoodData, "[]", {"torchvision::relu", "LibTorch 1.13"}},
    {"wrong-shape",
     own("good.pt", "[1, 9, 9]"),
     kGoodData,
     "[]",
     {"doesn't take floats of shape [1,9,9]", "2x81 and 64x3", "check model.input_shape"}},
    {"wrong-channels", own("three-channels.pt", "[3, 8, 8]"), kGoodData, "[]", {"3x8x8", "1x8x8"}},
    {"wrong-classes", own("seven-classes.pt"), kGoodData, "[\"train\"]", {"7 classes", "have 3"}},
    {"one-number", own("one-number.pt"), kGoodData, "[]", {"one row of class scores", "[N, classes]"}},
    {"not-a-number", own("not-a-number.pt"), kGoodData, "[]", {"the loss is not a finite number"}},
    {"terabytes", own("terabytes.pt"), kGoodData, "[]", {"more memory than", "3814697 MiB at once"}},
    {"frozen", own("frozen.pt"), kGoodData, "[\"train\"]", {"no parameters", "torch.jit.freeze"}},
    {"wrong-teacher", kGoodModel, kGoodData, "[\"distill\"]", {"7 classes", "have 3"}},

    {"other-weights",
     zoo("other-net.pth"),
     kGoodData,
     "[]",
     {"missing in the file: bn1.", " more; not in the net: head.weight; ",
      "of another shape: conv1.weight [1, 1, 3, 3], the net's is [4, 1, 3, 3]", "model.name"}},
    {"cut-weights", zoo("cut.pth"), kGoodData, "[]", {"the weights file can't be read", "torch.save"}},
    {"text-weights", zoo("text.pt"), kGoodData, "[]", {"the weights file is neither", "torch.save"}},
    {"model-as-weights", zoo("good.pt"), kGoodData, "[]", {"the weights file is TorchScript", "model.file"}},
    {"lying-weights", zoo("lying.safetensors"), kGoodData, "[]", {"its header has 16777215 bytes"}},

    {"negative-label",
     kGoodModel,
     folder("negative-label"),
     "[]",
     {"y_train.npy is broken at byte 160", "a label -1 of sample 4", "number the classes from 0 on"}},
    {"labels-beyond", kGoodModel, folder("eight-classes", "idx"), "[]", {"3 classes", "have 8"}},
    {"fewer-labels", kGoodModel, folder("fewer-labels"), "[]", {"29 labels for the 30 inputs"}},
    {"objects",
     kGoodModel,
     folder("objects"),
     "[]",
     {"x_train.npy is broken", "\"|O\"", "astype('float32')"}},
    {"nan-inputs",
     kGoodModel,
     folder("not-a-number"),
     "[]",
     {"x_train.npy is broken at byte 896", "sample 3 is not finite"}},
    {"lying-tensors", kGoodModel, folder("lying"), "[]", {"all.safetensors is broken at byte 0", "16777215"}},
    {"cut-idx",
     kGoodModel,
     folder("cut", "idx"),
     "[\"train\"]",
     {"train-images-idx3-ubyte.gz is broken at byte "}},
    {"broken-photograph",
     "{ name = \"resnet8\", width = 0.25 }",
     folder("broken-photograph", "image-folder"),
     "[\"train\"]",
     {"cat/3.jpg is broken at byte "}},
    {"empty-class",
     "{ name = \"resnet8\", width = 0.25 }",
     folder("empty-class", "image-folder"),
     "[\"train\"]",
     {"empty-class/emu: it holds no image", "take the folder out"}},
};

std::string group_of(const Mistake& mistake) {
  auto text = "[[group]]\nname = \"" + mistake.group + "\"\npipeline = " + mistake.pipeline +
              "\nmodel = " + mistake.model + "\ndata = " + mistake.data +
              "\nbenchmark = { enabled = false }\n";
  if (mistake.group == "wrong-teacher") text += "teacher = { file = \"seven-classes.pt\" }\n";
  return text;
}

std::string job_with_all() {
  std::string text = R"(
[job]
name = "mistakes"
[train]
epochs = 1
batch_size = 8
[benchmark]
batch_sizes = [1]
min_seconds = 0.02
target_ci = 0.2
[[group]]
name = "good"
pipeline = ["train", "quantize"]
)";
  text += "model = " + kGoodModel + "\ndata = " + kGoodData + "\n";
  for (const auto& mistake : kMistakes) text += group_of(mistake);
  return text;
}

TEST(BadFiles, FailTheirOwnTrialsOnceWithAReasonAndLeaveTheOthersAlone) {
  const Sandbox sandbox;
  write_models(sandbox.folder());
  write_data(sandbox.folder());
  const auto ran = sandbox.run({"run", sandbox.write("job.toml", job_with_all()), "--json"});
  EXPECT_EQ(ran.exit.code, 1) << ran.errors;
  std::map<std::string, json::object> trials;
  const auto document = ran.document();
  for (const auto& trial : document.at("trials").as_array())
    trials[std::string(trial.at("group").as_string())] = trial.as_object();
  ASSERT_EQ(trials.size(), 1 + kMistakes.size());
  EXPECT_EQ(trials.at("good").at("state").as_string(), "succeeded") << trials.at("good");
  for (const auto& mistake : kMistakes) {
    const auto& trial = trials.at(mistake.group);
    EXPECT_EQ(trial.at("state").as_string(), "failed") << mistake.group;
    if (!trial.at("reason").is_string()) continue;
    const std::string reason(trial.at("reason").as_string());
    for (const auto& part : mistake.said) EXPECT_THAT(reason, HasSubstr(part)) << mistake.group;
  }
  const auto repeated =
      sandbox.sql("select task_key from attempts where state <> 'succeeded' group by 1 having count(*) > 1");
  EXPECT_TRUE(repeated.empty()) << "a mistake of the user's isn't tried again: " << repeated;
}

}  // namespace
}  // namespace espalier::test
