#include <caffe2/serialize/inline_container.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <unistd.h>

#include <array>
#include <filesystem>

#include "common/base/files.hpp"
#include "worker/runner/models/model.hpp"
#include "worker/runner/models/net.hpp"
#include "worker/runner/models/state_dict.hpp"
#include "worker/runner/train/tensors_file.hpp"

namespace espalier::runner {
namespace {

using testing::HasSubstr;

const json::object kLenet{{"name", "lenet5"}};

std::filesystem::path temporary() {
  const auto folder =
      std::filesystem::path(testing::TempDir()) / ("espalier_state_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  return folder / testing::UnitTest::GetInstance()->current_test_info()->name();
}

StateDict state_of(const json::object& spec, std::int64_t seed, std::int64_t channels = 1) {
  StateDict state;
  const auto net = make_net(spec, {channels, 32, 32, 10}, seed);
  for (const auto& item : net->named_parameters()) state.emplace(item.key(), item.value());
  for (const auto& item : net->named_buffers()) state.emplace(item.key(), item.value());
  return state;
}

Model lenet_with(const std::filesystem::path& weights) {
  return make_zoo_model(kLenet, {1, 32, 32}, 10, 1, weights);
}

std::string refusal(const std::function<void()>& attempt) {
  try {
    attempt();
  } catch (const ErrorException& error) {
    EXPECT_EQ(error.error().kind, ErrorKind::invalid_job);
    return error.error().message + " | " + error.error().help;
  }
  return "taken";
}

std::filesystem::path file_of(std::string_view bytes) {
  auto file = temporary();
  write_file_atomically(file, bytes).value();
  return file;
}

std::string safetensors(const std::string& header, const std::string& data) {
  std::string length(8, '\0');
  length[0] = static_cast<char>(header.size() & 0xff);
  length[1] = static_cast<char>(header.size() >> 8);
  return length + header + data;
}

TEST(AStateDict, GivesAZooNetItsWeights) {
  torch::NoGradGuard no_grad;
  save_tensors(state_of(kLenet, 5), temporary());
  const auto x = torch::randn({3, 1, 32, 32});
  const auto scores = lenet_with(temporary()).module.forward({x}).toTensor();
  EXPECT_TRUE(scores.equal(make_zoo_model(kLenet, {1, 32, 32}, 10, 5).module.forward({x}).toTensor()));
}

TEST(AStateDict, MayLackWhatCountsBatchesAndMasks) {
  const json::object spec{{"name", "swin_t"}, {"width", 0.3}};
  auto state = state_of(spec, 5);
  EXPECT_EQ(std::erase_if(state, [](const auto& item) { return item.first.ends_with("attention_mask"); }),
            1U);
  auto net = make_net(spec, {1, 32, 32, 10}, 1);
  load_state(*net, state, "swin_t");
  auto resnet = state_of({{"name", "resnet8"}}, 5);
  std::erase_if(resnet, [](const auto& item) { return item.first.ends_with("num_batches_tracked"); });
  net = make_net({{"name", "resnet8"}}, {1, 32, 32, 10}, 1);
  load_state(*net, resnet, "resnet8");
  EXPECT_TRUE(net->named_parameters()["fc.weight"].equal(resnet.at("fc.weight")));
}

TEST(AStateDict, ThatDoesNotFitNamesTheFirstMisfitsBothWaysAndChangesNothing) {
  const json::object spec{{"name", "resnet8"}};
  auto state = state_of(spec, 5, 3);
  state.erase("fc.bias");
  for (int extra = 0; extra < 7; ++extra) state.emplace("extra" + std::to_string(extra), torch::zeros({2}));
  auto net = make_net(spec, {1, 32, 32, 10}, 1);
  const auto before = net->named_parameters()["fc.weight"].clone();
  const auto message = refusal([&] { load_state(*net, state, "resnet8 with 10 classes"); });
  EXPECT_THAT(message, HasSubstr("doesn't fit resnet8 with 10 classes"));
  EXPECT_THAT(message, HasSubstr("missing in the file: fc.bias;"));
  EXPECT_THAT(message, HasSubstr("not in the net: extra0, extra1, extra2, extra3, extra4 and 2 more;"));
  EXPECT_THAT(message, HasSubstr("of another shape: conv1.weight [16, 3, 3, 3], the net's is [16, 1, 3, 3]"));
  EXPECT_TRUE(net->named_parameters()["fc.weight"].equal(before));
}

TEST(AStateDict, OfAnotherNumberTypeIsConverted) {
  auto state = state_of(kLenet, 5);
  for (auto& [name, tensor] : state) tensor = tensor.to(torch::kFloat16);
  auto net = make_net(kLenet, {1, 32, 32, 10}, 1);
  load_state(*net, state, "lenet5");
  EXPECT_TRUE(net->named_parameters()["fc3.bias"].equal(state.at("fc3.bias").to(torch::kFloat)));
}

TEST(AFileThatIsNoStateDict, IsRefusedWithWhatToDo) {
  save_model(make_zoo_model(kLenet, {1, 32, 32}, 10, 1), temporary());
  EXPECT_THAT(refusal([] { read_state_dict(temporary()); }), HasSubstr("model.file"));
  EXPECT_THAT(refusal([] { read_state_dict(file_of("not a model")); }), HasSubstr("torch.save(dict("));
  EXPECT_THAT(refusal([] { read_state_dict(file_of("")); }), HasSubstr("neither"));
  EXPECT_THAT(refusal([] { read_state_dict(file_of("\x80\x02\x8a\nl\xfc\x9c\x46\xf9")); }),
              HasSubstr("before PyTorch 1.6"));
  EXPECT_THAT(refusal([] { read_state_dict(file_of("PK\x03\x04 and no more of it")); }),
              HasSubstr("can't be read as a dict"));
  EXPECT_THAT(refusal([] { read_state_dict(temporary() / "absent"); }), HasSubstr("neither"));
  const auto bytes = torch::pickle_save(c10::IValue(std::vector<torch::Tensor>{torch::zeros({2})}));
  EXPECT_THAT(refusal([&] {
                read_state_dict(file_of({bytes.data(), bytes.size()}));
              }),
              HasSubstr("can't be read as a dict"));
}

TEST(Safetensors, AreReadAsFloatsAndWholeNumbers) {
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"half":{"dtype":"F16","shape":[2],)"
      R"("data_offsets":[8,12]},"whole":{"dtype":"I32","shape":[1,2],"data_offsets":[0,8]}})";
  const auto state = read_state_dict(
      file_of(safetensors(header, std::string("\x01\0\0\0\xff\xff\xff\xff\0\x3c\0\xc0", 12))));
  ASSERT_EQ(state.size(), 2U);
  EXPECT_TRUE(state.at("whole").equal(torch::tensor({{1, -1}}, torch::kInt64)));
  EXPECT_TRUE(state.at("half").equal(torch::tensor({1.0F, -2.0F})));
}

TEST(Safetensors, ThatLieAboutTheirSizeAreRefusedByName) {
  const auto refused = [](const std::string& entry) {
    return refusal([&] { read_state_dict(file_of(safetensors("{\"w\":" + entry + "}", "12345678"))); });
  };
  EXPECT_EQ(refused(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})"), "taken");
  EXPECT_THAT(refused(R"({"dtype":"F32","shape":[3],"data_offsets":[0,12]})"),
              HasSubstr("the data of \"w\""));
  EXPECT_THAT(refused(R"({"dtype":"F32","shape":[1],"data_offsets":[0,8]})"),
              HasSubstr("\"w\" has data_offsets"));
  auto longer = safetensors("{}", "");
  longer[1] = '\x7f';
  EXPECT_THAT(refusal([&] { read_state_dict(file_of(longer)); }), HasSubstr("its header has"));
}

// The pickle of what torch.save of Python's PyTorch 1.13 made of {"epoch": 3, "args":
// argparse.Namespace(lr=0.1), "milestones": Counter([7]), "seen": defaultdict(list, {1: 2}), "state_dict":
// OrderedDict([("module.w", tensor([[1., 2.]]))]), "optimizer": {"state": {0: {"step": tensor(1.)}}}}.
constexpr char kCheckpoint[] =
    "\200\002}q\000(X\005\000\000\000epochq\001K\003X\004\000\000\000argsq\002cargparse\012Namespace"
    "\012q\003)\201q\004}q\005X\002\000\000\000lrq\006G?\271\231\231\231\231\231\232sbX\012\000\000\000"
    "milestonesq\007ccollections\012Counter\012q\010}q\011K\007K\001s\205q\012Rq\013X\004\000\000\000se"
    "enq\014ccollections\012defaultdict\012q\015c__builtin__\012list\012q\016\205q\017Rq\020K\001K\002s"
    "X\012\000\000\000state_dictq\021ccollections\012OrderedDict\012q\022)Rq\023X\010\000\000\000module"
    ".wq\024ctorch._utils\012_rebuild_tensor_v2\012q\025((X\007\000\000\000storageq\026ctorch\012FloatS"
    "torage\012q\027X\001\000\000\0000q\030X\003\000\000\000cpuq\031K\002tq\032QK\000K\001K\002\206q"
    "\033K\002K\001\206q\034\211h\022)Rq\035tq\036Rq\037sX\011\000\000\000optimizerq }q!X\005\000\000"
    "\000stateq\042}q#K\000}q$X\004\000\000\000stepq%h\025((h\026h\027X\001\000\000\0001q&h\031K\001tq'"
    "QK\000))\211h\022)Rq(tq)Rq*sssu.";

// With another name, of the same length, for the dict that counts.
std::filesystem::path checkpoint(const std::string& name = "state_dict") {
  std::string pickle(kCheckpoint, sizeof kCheckpoint - 1);
  pickle.replace(pickle.find("state_dict"), name.size(), name);
  const std::array<float, 2> weights{1, 2};
  caffe2::serialize::PyTorchStreamWriter writer(temporary().string());
  writer.writeRecord("data.pkl", pickle.data(), pickle.size());
  writer.writeRecord("data/0", weights.data(), sizeof weights);
  writer.writeRecord("data/1", weights.data(), sizeof(float));
  writer.writeEndOfFile();
  return temporary();
}

TEST(ACheckpoint, GivesTheDictOfTensorsThatItHolds) {
  for (const char* name : {"state_dict", "weights_ab"}) {
    const auto state = read_state_dict(checkpoint(name));
    ASSERT_EQ(state.size(), 1U) << name;
    EXPECT_TRUE(state.at("w").equal(torch::tensor({{1.0F, 2.0F}}))) << name;
  }
}

TEST(ACheckpoint, WithSeveralDictsOfTensorsIsTakenByTheUsualNamesOnly) {
  const auto save = [](const std::vector<std::string>& names) {
    c10::impl::GenericDict all(c10::StringType::get(), c10::AnyType::get());
    for (const auto& name : names) {
      c10::Dict<std::string, torch::Tensor> state;
      state.insert("w", torch::full({1}, static_cast<double>(name.size())));
      all.insert(name, state);
    }
    all.insert("epoch", 3);
    const auto bytes = torch::pickle_save(all);
    return file_of({bytes.data(), bytes.size()});
  };
  EXPECT_EQ(read_state_dict(save({"ema", "model"})).at("w").item<float>(), 5);
  EXPECT_EQ(read_state_dict(save({"ema", "model", "state_dict"})).at("w").item<float>(), 10);
  EXPECT_THAT(refusal([&] {
                read_state_dict(save({"student", "teacher"}));
              }),
              HasSubstr("it holds more than tensors"));
}

TEST(AStateDict, OfDataParallelLosesItsPrefixIfAllNamesHaveIt) {
  save_tensors({{"module.a", torch::ones({1})}, {"module.b", torch::ones({1})}}, temporary());
  EXPECT_EQ(read_state_dict(temporary()).count("a"), 1U);
  save_tensors({{"module.a", torch::ones({1})}, {"b", torch::ones({1})}}, temporary());
  EXPECT_EQ(read_state_dict(temporary()).count("module.a"), 1U);
  const std::string header = R"({"module.w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  EXPECT_EQ(read_state_dict(file_of(safetensors(header, std::string(4, '\0')))).count("w"), 1U);
}

}  // namespace
}  // namespace espalier::runner
