#include "worker/runner/models/model.hpp"

#include <caffe2/serialize/inline_container.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <unordered_set>

#include "worker/runner/complaint.hpp"
#include "worker/runner/fields.hpp"
#include "worker/runner/libtorch_version.hpp"
#include "worker/runner/models/trace.hpp"

namespace espalier::runner {
namespace {

constexpr const char* kInfoFile = "espalier.json";
constexpr const char* kUsersFile = "the model file";  // the runner's name for it says nothing to a user
constexpr const char* kHowToSaveNet =
    "save the net with torch.jit.script(net).save(path) or torch.jit.trace(net, example).save(path)";

[[noreturn]] void reject(ErrorKind kind, std::string message, std::string help) {
  throw ErrorException(Error{kind, std::move(message), std::move(help)});
}

std::vector<std::int64_t> shape_field(const json::object& spec) {
  auto shape = integers_field(spec, "input_shape");
  if (shape.empty() || *std::min_element(shape.begin(), shape.end()) < 1)
    reject(ErrorKind::invalid_job, "model.input_shape is not a list of positive sizes",
           "write input_shape = [3, 224, 224], without the batch");
  return shape;
}

[[noreturn]] void reject_module(const std::string& file, const std::string& complaint) {
  constexpr std::string_view kUnknown = "Unknown builtin op: ";
  const auto is_libtorch = "LibTorch " + libtorch_version();
  if (const auto at = complaint.find(kUnknown); at != std::string::npos) {
    const auto name = complaint.substr(at + kUnknown.size());
    reject(ErrorKind::invalid_job,
           file + " needs the operator " + name.substr(0, name.find_first_of(". \n")) + ", which " +
               is_libtorch + " of this worker doesn't have",
           "save it with a PyTorch that is no newer, without operators of other libraries");
  }
  if (complaint.find("constants.pkl") != std::string::npos)
    reject(ErrorKind::invalid_job, file + " is what torch.save wrote: it holds no code that could be run",
           std::string(kHowToSaveNet) + "; a state dict for a net of the zoo goes to model.weights");
  reject(ErrorKind::invalid_job, file + " is not TorchScript that " + is_libtorch + " can load: " + complaint,
         kHowToSaveNet);
}

// `file`: how an error names it.
torch::jit::Module load_module(const std::filesystem::path& path, const std::string& file) {
  try {
    return torch::jit::load(path.string(), torch::kCPU);  // whatever it was saved on
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) throw;
    reject_module(file, complaint_of(error));
  }
}

json::object read_info(const std::filesystem::path& path) {
  try {
    caffe2::serialize::PyTorchStreamReader reader(path.string());
    const auto record = std::string("extra/") + kInfoFile;
    if (!reader.hasRecord(record))
      reject(ErrorKind::failed, path.string() + " has no " + kInfoFile + ": no stage of ours wrote it", "");
    const auto [data, size] = reader.getRecord(record);
    auto parsed = parse_json({static_cast<const char*>(data.get()), size});
    if (!parsed || !parsed->is_object())
      reject(ErrorKind::failed, path.string() + ": its " + kInfoFile + " is not a JSON object", "");
    return parsed->as_object();
  } catch (const c10::Error& error) {
    reject(ErrorKind::failed, path.string() + " is not a model file: " + error.msg().substr(0, 300), "");
  }
}

// What a parameter of less than two dimensions begins with: shifts at zero, a PReLU's slope as in Python, and
// scales of normalisations, whatever they are called, at one.
double beginning_of(const std::string& name, const torch::jit::Module& owner) {
  if (name.find("bias") != std::string::npos || name.ends_with("beta")) return 0;
  return owner.type()->name()->name() == "PReLU" ? 0.25 : 1;
}

void redraw(torch::jit::Module& module, std::int64_t seed) {
  torch::manual_seed(static_cast<std::uint64_t>(seed));
  torch::NoGradGuard no_grad;
  for (const auto& owner : module.modules()) {
    for (auto item : owner.named_parameters(/*recurse=*/false)) {
      item.value.set_requires_grad(true);  // nothing is left that would be worth keeping
      if (item.value.dim() >= 2)
        torch::nn::init::kaiming_uniform_(item.value, std::sqrt(5.0));
      else
        item.value.fill_(beginning_of(item.name, owner));
    }
  }
  for (auto item : module.named_buffers()) {
    if (item.name.ends_with("running_mean")) item.value.zero_();
    if (item.name.ends_with("running_var")) item.value.fill_(1.0);
  }
}

// Unset if it doesn't give a row of scores for each sample.
std::optional<std::int64_t> classes_for(torch::jit::Module& module, const ModelInfo& info,
                                        std::int64_t batch) {
  auto sizes = info.input_shape;
  sizes.insert(sizes.begin(), batch);
  const auto output = module.forward(
      {info.vocabulary > 0 ? torch::full(sizes, info.vocabulary - 1, torch::kInt64) : torch::zeros(sizes)});
  if (!output.isTensor() || output.toTensor().dim() != 2 || output.toTensor().size(0) != batch)
    return std::nullopt;
  return output.toTensor().size(1);
}

bool takes_batches_of(torch::jit::Module& module, const ModelInfo& info, std::int64_t batch) {
  try {
    return classes_for(module, info, batch).has_value();
  } catch (const std::exception&) {
    return false;
  }
}

std::int64_t classes_of(torch::jit::Module& module, const ModelInfo& info) {
  torch::NoGradGuard no_grad;
  module.eval();
  std::string complaint;
  try {
    const auto classes = classes_for(module, info, 2);
    if (classes && classes_for(module, info, 3) == classes) return *classes;
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) throw;
    complaint = complaint_of(error);
  }
  // A trace may have kept the number of samples that it was made with.
  for (const std::int64_t batch : {1, 2, 3, 4, 8, 16, 32})
    if (takes_batches_of(module, info, batch))
      reject(ErrorKind::invalid_job,
             std::string(kUsersFile) + " works with batches of " + std::to_string(batch) + " only",
             "save the net with torch.jit.script, or trace a forward that has no number of samples in it: "
             "x.flatten(1), not x.view(" +
                 std::to_string(batch) + ", -1)");
  if (!complaint.empty())
    reject(ErrorKind::invalid_job,
           std::string(kUsersFile) + " doesn't take " + (info.vocabulary > 0 ? "token ids" : "floats") +
               " of shape " + json::serialize(json::value_from(info.input_shape)) + ": " + complaint,
           "check model.input_shape");
  reject(ErrorKind::invalid_job,
         std::string(kUsersFile) + " doesn't give one row of class scores for each sample",
         "its forward(inputs [N, …]) has to return a tensor [N, classes]");
}

}  // namespace

json::object to_json(const ModelInfo& info) {
  json::object object{{"input_shape", json::value_from(info.input_shape)},
                      {"classes", info.classes},
                      {"name", info.name},
                      {"origin", info.origin},
                      {"form", info.form}};
  if (!info.engine.empty()) object["engine"] = info.engine;
  if (info.vocabulary > 0) object["vocabulary"] = info.vocabulary;
  return object;
}

ModelInfo model_info_from(const json::object& object) {
  ModelInfo info;
  info.input_shape = shape_field(object);
  info.vocabulary = integer_field(object, "vocabulary", 0);
  info.classes = integer_field(object, "classes", 0);
  info.name = text_field(object, "name", "");
  info.origin = text_field(object, "origin", "zoo");
  info.form = text_field(object, "form", "fp32");
  info.engine = text_field(object, "engine", "");
  return info;
}

Model load_model(const std::filesystem::path& path) {
  auto info = model_info_from(read_info(path));
  // Packed weights are unpacked by the engine that is current while they are read.
  if (info.form == "int8") select_quantized_engine(info.engine.empty() ? "auto" : info.engine);
  return {load_module(path, path.string()), std::move(info)};
}

void save_model(const Model& model, const std::filesystem::path& path) {
  auto beside = path;
  beside += ".part";
  try {
    model.module.save(beside.string(), {{kInfoFile, json::serialize(to_json(model.info))}});
  } catch (const c10::Error& error) {
    if (is_out_of_memory(error)) throw;
    // No fault of the net: the disk is full, or broken.
    throw std::runtime_error(beside.string() + " can't be written: " + complaint_of(error));
  }
  std::filesystem::rename(beside, path);
}

Model open_user_model(const std::filesystem::path& path, const json::object& model_spec, std::int64_t seed) {
  Model model{load_module(path, kUsersFile), {}};
  model.info.input_shape = shape_field(model_spec);
  model.info.vocabulary = integer_field(model_spec, "vocabulary", 0);
  model.info.name = text_field(model_spec, "name", "file");
  model.info.origin = "file";
  follow_training_attribute(model.module);
  if (text_field(model_spec, "init", "weights") == "random") redraw(model.module, seed);
  model.info.classes = classes_of(model.module, model.info);
  return model;
}

std::vector<torch::Tensor> parameters_of(const torch::jit::Module& module) {
  std::vector<torch::Tensor> found;
  std::unordered_set<const c10::TensorImpl*> seen;
  for (const auto& parameter : module.parameters())
    if (seen.insert(parameter.unsafeGetTensorImpl()).second) found.push_back(parameter);
  return found;
}

std::vector<torch::Tensor> trainable_parameters_of(const torch::jit::Module& module) {
  const auto all = parameters_of(module);
  std::vector<torch::Tensor> trainable;
  std::copy_if(all.begin(), all.end(), std::back_inserter(trainable),
               [](const torch::Tensor& parameter) { return parameter.requires_grad(); });
  return trainable.empty() ? all : trainable;
}

std::int64_t count_parameters(const Model& model) {
  std::int64_t total = 0;
  for (const auto& parameter : parameters_of(model.module)) total += parameter.numel();
  return total;
}

}  // namespace espalier::runner
