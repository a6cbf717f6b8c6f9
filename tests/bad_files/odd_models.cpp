#include "tests/bad_files/odd_models.hpp"

#include <caffe2/serialize/inline_container.h>
#include <torch/script.h>

#include "common/base/files.hpp"
#include "worker/runner/models/model.hpp"
#include "worker/runner/train/tensors_file.hpp"

namespace espalier::test {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kClasses = 3;
constexpr std::int64_t kPixels = 64;
constexpr const char* kGood = "torch.relu(torch.matmul(torch.flatten(x, 1), self.weight.t()))";

torch::jit::Module net(const std::string& scores, std::int64_t classes = kClasses,
                       std::int64_t channels = 1) {
  torch::jit::Module module("net");
  module.register_parameter("weight", torch::randn({classes, channels * kPixels}), false);
  module.define("def forward(self, x):\n  return " + scores + "\n");
  return module;
}

std::string replaced_everywhere(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

// As if a newer LibTorch, or one with another library loaded, had written it.
void with_other_code(const fs::path& from, const fs::path& to, const std::string& operation) {
  caffe2::serialize::PyTorchStreamReader reader(from.string());
  caffe2::serialize::PyTorchStreamWriter writer(to.string());
  for (const auto& name : reader.getAllRecords()) {
    if (name == "version" || name.ends_with(".debug_pkl")) continue;
    const auto [data, size] = reader.getRecord(name);
    std::string bytes(static_cast<const char*>(data.get()), size);
    if (name.ends_with(".py")) bytes = replaced_everywhere(bytes, "torch.relu", operation);
    writer.writeRecord(name, bytes.data(), bytes.size());
  }
  writer.writeEndOfFile();
}

}  // namespace

void write_models(const fs::path& folder) {
  const auto save = [&folder](const torch::jit::Module& module, const char* name) {
    module.save((folder / name).string());
  };
  const auto write = [&folder](const char* name, std::string_view bytes) {
    write_file_atomically(folder / name, bytes).value();
  };
  torch::manual_seed(1);
  save(net(kGood), "good.pt");
  const auto good = read_file(folder / "good.pt").value();
  write("cut.pt", std::string_view(good).substr(0, good.size() / 2));
  write("text.pt", "import torch\n\nmodel = torch.nn.Linear(64, 3)\n");
  with_other_code(folder / "good.pt", folder / "newer.pt", "torch.relu_of_tomorrow");
  with_other_code(folder / "good.pt", folder / "library.pt", "ops.torchvision.relu");

  save(net(kGood, 7), "seven-classes.pt");
  save(net(kGood, kClasses, 3), "three-channels.pt");
  save(net("torch.sum(torch.flatten(x, 1), 1)"), "one-number.pt");
  save(net(std::string(kGood) + " / 0"), "not-a-number.pt");
  save(net(std::string(kGood) + " + torch.sum(torch.zeros([1000000, 1000000]))"), "terabytes.pt");
  auto frozen = net(kGood);
  frozen.eval();
  save(torch::jit::freeze(frozen), "frozen.pt");

  runner::save_tensors({{"conv1.weight", torch::zeros({1, 1, 3, 3})}, {"head.weight", torch::zeros({3, 4})}},
                       folder / "other-net.pth");
  const auto weights = read_file(folder / "other-net.pth").value();
  write("cut.pth", std::string_view(weights).substr(0, weights.size() / 2));
  write("lying.safetensors", std::string("\xff\xff\xff\0\0\0\0\0{}", 10));
}

}  // namespace espalier::test
