// Python's pickles read as data: nothing that one names is called.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace espalier::runner {

enum class PickledKind { none, number, text, global, tuple, dict, storage, tensor, mark };

struct Pickled {
  PickledKind kind = PickledKind::none;
  std::int64_t number = 0;
  std::string text;  // of a global: its dotted name; of a storage: its key; of none: what would have made it
  torch::ScalarType type = torch::kFloat32;
  std::shared_ptr<std::vector<Pickled>>
      items;  // shared: Python's objects are references. Dict: key, value, key …
  torch::Tensor tensor;
};

// What a pickle says of tensors, which its reader knows: both throw for what they don't.
class PickledObjects {
 public:
  virtual ~PickledObjects() = default;
  // What lies outside of the pickle, under that id.
  virtual Pickled outside(const std::vector<Pickled>& id) = 0;
  // What Python would call; a dict (collections.OrderedDict) is made without asking.
  virtual Pickled call(const std::string& callee, const std::vector<Pickled>& arguments) = 0;
};

// The object that the pickle is of: made of dicts, tuples (lists too), numbers, texts and what `objects`
// gives. Throws ErrorException that names `file`.
Pickled read_pickle(const std::string& bytes, PickledObjects& objects, const std::string& file);

[[noreturn]] void refuse_pickle(const std::string& file, const std::string& why);

}  // namespace espalier::runner
