#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <unistd.h>

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

}  // namespace
}  // namespace espalier::runner
