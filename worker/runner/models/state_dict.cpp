#include "worker/runner/models/state_dict.hpp"

#include <caffe2/serialize/inline_container.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "worker/runner/complaint.hpp"
#include "worker/runner/data/stored_tensor.hpp"
#include "worker/runner/models/layers.hpp"
#include "worker/runner/models/pickled_tensors.hpp"
#include "worker/runner/refuse.hpp"

namespace espalier::runner {
namespace {

const std::string kWeightsFile = "the weights file";  // the runner's name for it says nothing to a user
constexpr const char* kHowToSave = "save it in Python with torch.save(dict(model.state_dict()), path)";

std::string first_bytes_of(const std::filesystem::path& path) {
  std::string bytes(16, '\0');
  std::ifstream in(path, std::ios::binary);
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

StateDict read_pickled(const std::filesystem::path& path) {
  try {
    caffe2::serialize::PyTorchStreamReader reader(path.string());
    if (reader.hasRecord("constants.pkl"))
      refuse(kWeightsFile + " is TorchScript, not a state dict",
             "name it as model.file, with model.input_shape");
    return read_pickled_tensors(reader, kWeightsFile);
  } catch (const c10::Error& error) {
    if (is_out_of_memory(error)) throw;
    refuse(kWeightsFile + " can't be read as a dict of tensors: " + complaint_of(error), kHowToSave);
  }
}

// Eight bytes of length, then a JSON object.
bool looks_like_safetensors(std::string_view first_bytes) {
  return first_bytes.size() > 8 && first_bytes[8] == '{';
}

StateDict read_safetensors(const std::filesystem::path& path) {
  try {
    StateDict state;
    for (const auto& [name, stored] : find_safetensors(path)) state.emplace(name, load_stored(stored));
    return state;
  } catch (const ErrorException& error) {
    auto message = error.error().message;
    if (message.starts_with(path.string())) message.replace(0, path.string().size(), kWeightsFile);
    refuse(message, error.error().help);  // it won't be better the next time
  }
}

// What DataParallel puts in front of every name.
StateDict without_prefix(StateDict state) {
  constexpr std::string_view kPrefix = "module.";
  const auto has_it = [](const auto& item) { return item.first.starts_with(kPrefix); };
  if (!std::all_of(state.begin(), state.end(), has_it)) return state;
  StateDict renamed;
  for (auto& [name, tensor] : state) renamed.emplace(name.substr(kPrefix.size()), std::move(tensor));
  return renamed;
}

std::string in_words(const torch::Tensor& tensor) {
  std::ostringstream text;
  text << tensor.sizes();
  return text.str();
}

// What doesn't fit, of one kind: the first few, and how many more there are.
class Misfits {
 public:
  explicit Misfits(std::string kind) : kind_(std::move(kind)) {}
  void add(const std::string& misfit) {
    if (++count_ <= kShown) text_ += (text_.empty() ? "" : ", ") + misfit;
  }
  [[nodiscard]] std::string in_words() const {
    if (count_ == 0) return "";
    const auto more = count_ > kShown ? " and " + std::to_string(count_ - kShown) + " more" : "";
    return "; " + kind_ + ": " + text_ + more;
  }

 private:
  static constexpr std::size_t kShown = 5;
  std::string kind_, text_;
  std::size_t count_ = 0;
};

bool may_lack(std::string_view name) {
  return name.ends_with("num_batches_tracked") || name.ends_with(kDerivedMask);
}

std::map<std::string, torch::Tensor> tensors_by_name(const torch::nn::Module& net) {
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& item : net.named_parameters()) tensors.emplace(item.key(), item.value());
  for (const auto& item : net.named_buffers()) tensors.emplace(item.key(), item.value());
  return tensors;
}

}  // namespace

StateDict read_state_dict(const std::filesystem::path& path) {
  const auto first_bytes = first_bytes_of(path);
  if (first_bytes.starts_with("PK\x03\x04")) return without_prefix(read_pickled(path));
  if (looks_like_safetensors(first_bytes)) return without_prefix(read_safetensors(path));
  if (first_bytes.starts_with("\x80\x02"))
    refuse(kWeightsFile + " is in the format that torch.save wrote before PyTorch 1.6",
           "load it in Python and save it again: torch.save(torch.load(path), path), without "
           "_use_new_zipfile_serialization=False");
  refuse(kWeightsFile + " is neither a state dict of torch.save nor a safetensors file", kHowToSave);
}

void load_state(torch::nn::Module& net, const StateDict& state, const std::string& described) {
  const auto own = tensors_by_name(net);
  Misfits missing("missing in the file"), unexpected("not in the net"), shapes("of another shape");
  for (const auto& [name, tensor] : own) {
    const auto given = state.find(name);
    if (given == state.end()) {
      if (!may_lack(name)) missing.add(name);
    } else if (given->second.sizes() != tensor.sizes()) {
      shapes.add(name + " " + in_words(given->second) + ", the net's is " + in_words(tensor));
    }
  }
  for (const auto& [name, tensor] : state)
    if (!own.contains(name)) unexpected.add(name);
  const auto misfits = missing.in_words() + unexpected.in_words() + shapes.in_words();
  if (!misfits.empty())
    refuse(
        "the state dict doesn't fit " + described + misfits,
        "model.name, width, depth and the number of classes and channels have to be those it was saved from");
  const torch::NoGradGuard no_grad;
  for (const auto& [name, given] : state) own.at(name).copy_(given);
}

}  // namespace espalier::runner
