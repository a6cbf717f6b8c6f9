#include "worker/runner/models/pickled_tensors.hpp"

#include <array>
#include <cstring>
#include <map>

#include "worker/runner/models/pickle.hpp"

namespace espalier::runner {
namespace {

struct StorageClass {
  std::string_view name;
  torch::ScalarType type;
};
constexpr std::array kStorageClasses = {
    StorageClass{"torch.FloatStorage", torch::kFloat32},
    StorageClass{"torch.DoubleStorage", torch::kFloat64},
    StorageClass{"torch.HalfStorage", torch::kFloat16},
    StorageClass{"torch.BFloat16Storage", torch::kBFloat16},
    StorageClass{"torch.LongStorage", torch::kInt64},
    StorageClass{"torch.IntStorage", torch::kInt32},
    StorageClass{"torch.ShortStorage", torch::kInt16},
    StorageClass{"torch.CharStorage", torch::kInt8},
    StorageClass{"torch.ByteStorage", torch::kUInt8},
    StorageClass{"torch.BoolStorage", torch::kBool},
};

// A parameter of its tensor; a dict that LibTorch wrote of itself and its type.
bool gives_its_first_argument(std::string_view callee) {
  return callee == "torch._utils._rebuild_parameter" || callee == "torch.jit._pickle.restore_type_tag";
}

class PickledTensors final : public PickledObjects {
 public:
  PickledTensors(caffe2::serialize::PyTorchStreamReader& reader, std::string file)
      : reader_(reader), file_(std::move(file)) {}

  // ("storage", class, key, device, elements)
  Pickled outside(const std::vector<Pickled>& id) override {
    if (id.size() < 3 || id[1].kind != PickledKind::global || id[2].kind != PickledKind::text)
      refuse_it("it refers to something else than a storage");
    for (const auto& [name, type] : kStorageClasses)
      if (id[1].text == name) return {PickledKind::storage, 0, id[2].text, type, nullptr, {}};
    refuse_it("it has tensors of " + id[1].text);
  }

  // The few names that are known give nothing but data; of other objects nothing but their making is known.
  Pickled call(const std::string& callee, const std::vector<Pickled>& arguments) override {
    if (callee == "torch._utils._rebuild_tensor_v2")
      return {PickledKind::tensor, 0, {}, torch::kFloat32, nullptr, tensor_of(arguments)};
    if (gives_its_first_argument(callee) && !arguments.empty()) return arguments.front();
    return {PickledKind::none, 0, callee, torch::kFloat32, nullptr, {}};
  }

 private:
  [[noreturn]] void refuse_it(const std::string& why) const { refuse_pickle(file_, why); }

  std::vector<std::int64_t> sizes_of(const Pickled& tuple) const {
    if (tuple.kind != PickledKind::tuple) refuse_it("a tensor has no sizes");
    std::vector<std::int64_t> sizes;
    for (const auto& item : *tuple.items) {
      if (item.kind != PickledKind::number || item.number < 0) refuse_it("a tensor's size is none");
      sizes.push_back(item.number);
    }
    return sizes;
  }

  // (storage, offset, sizes, strides, …)
  torch::Tensor tensor_of(const std::vector<Pickled>& arguments) {
    if (arguments.size() < 4 || arguments[0].kind != PickledKind::storage ||
        arguments[1].kind != PickledKind::number)
      refuse_it("a tensor is described in another way");
    const auto& all = elements_of(arguments[0]);
    const auto sizes = sizes_of(arguments[2]), strides = sizes_of(arguments[3]);
    if (sizes.size() != strides.size()) refuse_it("a tensor has more sizes than strides");
    auto last = arguments[1].number;
    bool is_empty = false, overflows = last < 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      is_empty = is_empty || sizes[i] == 0;
      std::int64_t step = 0;
      overflows = overflows || __builtin_mul_overflow(sizes[i] - 1, strides[i], &step) ||
                  __builtin_add_overflow(last, step, &last);
    }
    if (is_empty) return torch::empty(sizes, all.options());
    if (overflows || last >= all.numel()) refuse_it("a tensor reaches beyond its storage");
    return all.as_strided(sizes, strides, arguments[1].number);
  }

  const torch::Tensor& elements_of(const Pickled& storage) {
    auto& elements = storages_[storage.text];
    if (elements.defined() && elements.scalar_type() != storage.type) refuse_it("a storage has two types");
    if (elements.defined()) return elements;
    const auto [data, size] = reader_.getRecord("data/" + storage.text);
    elements = torch::empty({static_cast<std::int64_t>(size / c10::elementSize(storage.type))}, storage.type);
    std::memcpy(elements.data_ptr(), data.get(), elements.nbytes());
    return elements;
  }

  caffe2::serialize::PyTorchStreamReader& reader_;
  std::string file_;
  std::map<std::string, torch::Tensor> storages_;
};

bool holds_tensors_only(const Pickled& value) {
  if (value.kind != PickledKind::dict) return false;
  for (std::size_t i = 0; i < value.items->size(); i += 2)
    if ((*value.items)[i].kind != PickledKind::text || (*value.items)[i + 1].kind != PickledKind::tensor)
      return false;
  return true;
}

// A checkpoint holds the weights beside other things: under a usual name, or as its only dict of tensors.
const Pickled* weights_in(const Pickled& checkpoint) {
  std::map<std::string_view, const Pickled*> dicts;
  for (std::size_t i = 0; i < checkpoint.items->size(); i += 2) {
    const auto &name = (*checkpoint.items)[i], &value = (*checkpoint.items)[i + 1];
    if (name.kind == PickledKind::text && holds_tensors_only(value) && !value.items->empty())
      dicts.emplace(name.text, &value);
  }
  for (const auto* usual : {"state_dict", "model"})
    if (const auto found = dicts.find(usual); found != dicts.end()) return found->second;
  return dicts.size() == 1 ? dicts.begin()->second : nullptr;
}

[[noreturn]] void refuse_what_is_no_tensor(const Pickled& value, const std::string& what,
                                           const std::string& file) {
  const bool is_object = value.kind == PickledKind::none && !value.text.empty();
  refuse_pickle(file, is_object ? "it needs " + value.text + ", and no code of a file is run" : what);
}

}  // namespace

StateDict read_pickled_tensors(caffe2::serialize::PyTorchStreamReader& reader, const std::string& file) {
  const auto [data, size] = reader.getRecord("data.pkl");
  PickledTensors tensors(reader, file);
  const auto root = read_pickle({static_cast<const char*>(data.get()), size}, tensors, file);
  if (root.kind != PickledKind::dict)
    refuse_what_is_no_tensor(root, "it is not a dict of tensors by name", file);
  const auto* weights = holds_tensors_only(root) ? &root : weights_in(root);
  if (weights == nullptr) weights = &root;  // to say what is wrong with it
  StateDict state;
  for (std::size_t i = 0; i < weights->items->size(); i += 2) {
    const auto &name = (*weights->items)[i], &value = (*weights->items)[i + 1];
    if (name.kind != PickledKind::text) refuse_pickle(file, "its dict has a key that is not a name");
    if (value.kind != PickledKind::tensor)
      refuse_what_is_no_tensor(value, "it holds more than tensors: \"" + name.text + "\" is none", file);
    state.insert_or_assign(name.text, value.tensor);
  }
  return state;
}

}  // namespace espalier::runner
