#include "worker/runner/models/pickled_tensors.hpp"

#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "worker/runner/refuse.hpp"

namespace espalier::runner {
namespace {

enum class PickledKind { none, number, text, global, tuple, dict, storage, tensor, mark };

struct Pickled {
  PickledKind kind = PickledKind::none;
  std::int64_t number = 0;
  std::string text;  // of a global: its dotted name; of a storage: its key
  torch::ScalarType type = torch::kFloat32;
  std::shared_ptr<std::vector<Pickled>>
      items;  // shared: Python's objects are references. Dict: key, value, key …
  torch::Tensor tensor;
};

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

class TensorUnpickler {
 public:
  TensorUnpickler(caffe2::serialize::PyTorchStreamReader& reader, std::string file)
      : reader_(reader), file_(std::move(file)) {
    const auto [data, size] = reader_.getRecord("data.pkl");
    bytes_.assign(static_cast<const char*>(data.get()), size);
  }

  StateDict read() {
    while (step()) {
    }
    const auto root = pop(PickledKind::dict);
    StateDict state;
    for (std::size_t i = 0; i + 1 < root.items->size(); i += 2) {
      const auto &name = (*root.items)[i], &value = (*root.items)[i + 1];
      if (name.kind != PickledKind::text) refuse_file("its dict has a key that is not a name");
      if (value.kind != PickledKind::tensor)
        refuse_file("it holds more than tensors: \"" + name.text + "\" is none");
      state.insert_or_assign(name.text, value.tensor);
    }
    return state;
  }

 private:
  [[noreturn]] void refuse_file(const std::string& why) const {
    refuse(file_ + " can't be read as a dict of tensors: " + why,
           "save the weights alone, in Python: torch.save(dict(model.state_dict()), path)");
  }

  std::string_view take(std::size_t count) {
    if (count > bytes_.size() - at_) refuse_file("its pickle ends too early");
    at_ += count;
    return std::string_view(bytes_).substr(at_ - count, count);
  }
  std::uint64_t unsigned_of(std::size_t count) {
    std::uint64_t value = 0;
    const auto bytes = take(count);
    for (std::size_t i = count; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
  }
  std::int64_t signed_of(std::size_t count) {
    if (count > 8) refuse_file("it holds a number of more than 64 bits");
    if (count == 0) return 0;
    const auto unused = 64 - 8 * count;
    return static_cast<std::int64_t>(unsigned_of(count) << unused) >> unused;
  }
  std::string line() {
    const auto end = bytes_.find('\n', at_);
    if (end == std::string::npos) refuse_file("its pickle ends too early");
    auto text = std::string(take(end - at_));
    take(1);
    return text;
  }

  void push(PickledKind kind) { stack_.push_back({kind, 0, {}, torch::kFloat32, items_for(kind), {}}); }
  void push_number(std::int64_t number) {
    push(PickledKind::number);
    stack_.back().number = number;
  }
  void push_text(PickledKind kind, std::string text) {
    push(kind);
    stack_.back().text = std::move(text);
  }
  static std::shared_ptr<std::vector<Pickled>> items_for(PickledKind kind) {
    const bool holds = kind == PickledKind::tuple || kind == PickledKind::dict;
    return holds ? std::make_shared<std::vector<Pickled>>() : nullptr;
  }

  Pickled pop() {
    if (stack_.empty()) refuse_file("its pickle takes what isn't there");
    auto top = std::move(stack_.back());
    stack_.pop_back();
    return top;
  }
  Pickled pop(PickledKind kind) {
    auto top = pop();
    if (top.kind != kind) refuse_file("it is not a dict of tensors by name");
    return top;
  }
  std::vector<Pickled> pop_to_mark() {
    auto mark = stack_.size();
    while (mark > 0 && stack_[mark - 1].kind != PickledKind::mark) --mark;
    if (mark == 0) refuse_file("its pickle takes what isn't there");
    std::vector<Pickled> items(stack_.begin() + static_cast<std::ptrdiff_t>(mark), stack_.end());
    stack_.resize(mark - 1);
    return items;
  }
  void push_tuple(std::vector<Pickled> items) {
    push(PickledKind::tuple);
    *stack_.back().items = std::move(items);
  }
  void push_tuple_of(std::size_t count) {
    std::vector<Pickled> items(count);
    for (std::size_t i = count; i-- > 0;) items[i] = pop();
    push_tuple(std::move(items));
  }
  // Into the dict or list that lies on top of the stack.
  void append(std::vector<Pickled> items) {
    if (stack_.empty() || stack_.back().items == nullptr) refuse_file("its pickle fills what is no dict");
    if (stack_.back().kind == PickledKind::dict && items.size() % 2 != 0) refuse_file("a key has no value");
    for (auto& item : items) stack_.back().items->push_back(std::move(item));
  }
  void append_last(std::size_t count) {
    push_tuple_of(count);
    auto items = *pop().items;
    append(std::move(items));
  }
  void remember(std::uint64_t number) {
    if (stack_.empty()) refuse_file("its pickle keeps what isn't there");
    memo_[number] = stack_.back();
  }
  void recall(std::uint64_t number) {
    const auto found = memo_.find(number);
    if (found == memo_.end()) refuse_file("its pickle recalls what it never kept");
    stack_.push_back(found->second);
  }

  // One instruction (Python's Lib/pickletools.py lists them); false at the last.
  bool step() {
    switch (const char code = take(1)[0]; code) {
      case '\x80':
        take(1);
        return true;  // PROTO
      case '.':
        return false;  // STOP
      case 'N':
        push(PickledKind::none);
        return true;
      case '(':
        push(PickledKind::mark);
        return true;
      case ')':
      case ']':
        push(PickledKind::tuple);
        return true;  // EMPTY_TUPLE, EMPTY_LIST
      case '}':
        push(PickledKind::dict);
        return true;
      case 't':
        push_tuple(pop_to_mark());
        return true;
      case '\x85':
        push_tuple_of(1);
        return true;
      case '\x86':
        push_tuple_of(2);
        return true;
      case '\x87':
        push_tuple_of(3);
        return true;
      case 'a':
        append_last(1);
        return true;  // APPEND
      case 's':
        append_last(2);
        return true;  // SETITEM
      case 'e':
      case 'u':
        append(pop_to_mark());
        return true;  // APPENDS, SETITEMS
      case '\x88':
        push_number(1);
        return true;  // NEWTRUE
      case '\x89':
        push_number(0);
        return true;
      case 'K':
        push_number(static_cast<std::int64_t>(unsigned_of(1)));
        return true;
      case 'M':
        push_number(static_cast<std::int64_t>(unsigned_of(2)));
        return true;
      case 'J':
        push_number(signed_of(4));
        return true;
      case '\x8a':
        push_number(signed_of(unsigned_of(1)));
        return true;  // LONG1
      case 'G':
        take(8);
        push_number(0);
        return true;  // BINFLOAT: nothing needs its value
      case 'X':
        push_text(PickledKind::text, std::string(take(unsigned_of(4))));
        return true;
      case '\x8c':
        push_text(PickledKind::text, std::string(take(unsigned_of(1))));
        return true;
      case 'c': {
        auto module = line();
        push_text(PickledKind::global, module + "." + line());
        return true;
      }
      case 'q':
        remember(unsigned_of(1));
        return true;
      case 'r':
        remember(unsigned_of(4));
        return true;
      case 'h':
        recall(unsigned_of(1));
        return true;
      case 'j':
        recall(unsigned_of(4));
        return true;
      case 'Q':
        push_storage(*pop(PickledKind::tuple).items);
        return true;  // BINPERSID
      case 'R':
        reduce();
        return true;
      case 'b':
        pop();
        return true;  // BUILD: an OrderedDict's attributes
      default:
        refuse_file("its pickle has the unknown instruction " +
                    std::to_string(static_cast<unsigned char>(code)));
    }
  }

  // ("storage", class, key, device, elements)
  void push_storage(const std::vector<Pickled>& id) {
    if (id.size() < 3 || id[1].kind != PickledKind::global || id[2].kind != PickledKind::text)
      refuse_file("it refers to something else than a storage");
    for (const auto& [name, type] : kStorageClasses) {
      if (id[1].text != name) continue;
      push_text(PickledKind::storage, id[2].text);
      stack_.back().type = type;
      return;
    }
    refuse_file("it has tensors of " + id[1].text);
  }

  // What Python would call: the few names that are known give nothing but data.
  void reduce() {
    const auto arguments = pop(PickledKind::tuple);
    const auto callee = pop(PickledKind::global).text;
    if (callee == "collections.OrderedDict") {
      push(PickledKind::dict);
    } else if (callee == "torch._utils._rebuild_tensor_v2") {
      push(PickledKind::tensor);
      stack_.back().tensor = tensor_of(*arguments.items);
    } else if (gives_its_first_argument(callee) && !arguments.items->empty()) {
      stack_.push_back(arguments.items->front());
    } else {
      refuse_file("it needs " + callee + ", and no code of a file is run");
    }
  }

  std::vector<std::int64_t> sizes_of(const Pickled& tuple) const {
    if (tuple.kind != PickledKind::tuple) refuse_file("a tensor has no sizes");
    std::vector<std::int64_t> sizes;
    for (const auto& item : *tuple.items) {
      if (item.kind != PickledKind::number || item.number < 0) refuse_file("a tensor's size is none");
      sizes.push_back(item.number);
    }
    return sizes;
  }

  // (storage, offset, sizes, strides, …)
  torch::Tensor tensor_of(const std::vector<Pickled>& arguments) {
    if (arguments.size() < 4 || arguments[0].kind != PickledKind::storage ||
        arguments[1].kind != PickledKind::number)
      refuse_file("a tensor is described in another way");
    const auto& all = elements_of(arguments[0]);
    const auto sizes = sizes_of(arguments[2]), strides = sizes_of(arguments[3]);
    if (sizes.size() != strides.size()) refuse_file("a tensor has more sizes than strides");
    auto last = arguments[1].number;
    bool is_empty = false, overflows = last < 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      is_empty = is_empty || sizes[i] == 0;
      std::int64_t step = 0;
      overflows = overflows || __builtin_mul_overflow(sizes[i] - 1, strides[i], &step) ||
                  __builtin_add_overflow(last, step, &last);
    }
    if (is_empty) return torch::empty(sizes, all.options());
    if (overflows || last >= all.numel()) refuse_file("a tensor reaches beyond its storage");
    return all.as_strided(sizes, strides, arguments[1].number);
  }

  const torch::Tensor& elements_of(const Pickled& storage) {
    auto& elements = storages_[storage.text];
    if (elements.defined() && elements.scalar_type() != storage.type) refuse_file("a storage has two types");
    if (elements.defined()) return elements;
    const auto [data, size] = reader_.getRecord("data/" + storage.text);
    elements = torch::empty({static_cast<std::int64_t>(size / c10::elementSize(storage.type))}, storage.type);
    std::memcpy(elements.data_ptr(), data.get(), elements.nbytes());
    return elements;
  }

  caffe2::serialize::PyTorchStreamReader& reader_;
  std::string file_, bytes_;
  std::size_t at_ = 0;
  std::vector<Pickled> stack_;
  std::map<std::uint64_t, Pickled> memo_;
  std::map<std::string, torch::Tensor> storages_;
};

}  // namespace

StateDict read_pickled_tensors(caffe2::serialize::PyTorchStreamReader& reader, const std::string& file) {
  return TensorUnpickler(reader, file).read();
}

}  // namespace espalier::runner
