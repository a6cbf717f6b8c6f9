#include "worker/runner/models/pickle.hpp"

#include <map>

#include "worker/runner/refuse.hpp"

namespace espalier::runner {
namespace {

// Pickles are programs of a machine with a stack and a memo.
class PickleMachine {
 public:
  PickleMachine(std::string_view bytes, PickledObjects& objects, std::string file)
      : bytes_(bytes), objects_(objects), file_(std::move(file)) {}

  Pickled run() {
    while (step()) {
    }
    return pop();
  }

 private:
  [[noreturn]] void refuse_it(const std::string& why) const { refuse_pickle(file_, why); }

  std::string_view take(std::size_t count) {
    if (count > bytes_.size() - at_) refuse_it("its pickle ends too early");
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }
  std::uint64_t unsigned_of(std::size_t count) {
    std::uint64_t value = 0;
    const auto bytes = take(count);
    for (std::size_t i = count; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
  }
  std::int64_t signed_of(std::size_t count) {
    if (count > 8) refuse_it("it holds a number of more than 64 bits");
    if (count == 0) return 0;
    const auto unused = 64 - 8 * count;
    return static_cast<std::int64_t>(unsigned_of(count) << unused) >> unused;
  }
  std::string line() {
    const auto end = bytes_.find('\n', at_);
    if (end == std::string::npos) refuse_it("its pickle ends too early");
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
    if (stack_.empty()) refuse_it("its pickle takes what isn't there");
    auto top = std::move(stack_.back());
    stack_.pop_back();
    return top;
  }
  Pickled pop(PickledKind kind) {
    auto top = pop();
    if (top.kind != kind) refuse_it("it is not a dict of tensors by name");
    return top;
  }
  std::vector<Pickled> pop_to_mark() {
    auto mark = stack_.size();
    while (mark > 0 && stack_[mark - 1].kind != PickledKind::mark) --mark;
    if (mark == 0) refuse_it("its pickle takes what isn't there");
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
    if (!stack_.empty() && stack_.back().kind == PickledKind::none) return;  // an object that isn't known
    if (stack_.empty() || stack_.back().items == nullptr) refuse_it("its pickle fills what is no dict");
    if (stack_.back().kind == PickledKind::dict && items.size() % 2 != 0) refuse_it("a key has no value");
    for (auto& item : items) stack_.back().items->push_back(std::move(item));
  }
  void append_last(std::size_t count) {
    push_tuple_of(count);
    auto items = *pop().items;
    append(std::move(items));
  }
  void remember(std::uint64_t number) {
    if (stack_.empty()) refuse_it("its pickle keeps what isn't there");
    memo_[number] = stack_.back();
  }
  void recall(std::uint64_t number) {
    const auto found = memo_.find(number);
    if (found == memo_.end()) refuse_it("its pickle recalls what it never kept");
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
        stack_.push_back(objects_.outside(*pop(PickledKind::tuple).items));
        return true;  // BINPERSID
      case 'R':
      case '\x81':  // NEWOBJ
        reduce();
        return true;
      case 'b':
        pop();
        return true;  // BUILD: an object's attributes
      default:
        refuse_it("its pickle has the unknown instruction " +
                  std::to_string(static_cast<unsigned char>(code)));
    }
  }

  void reduce() {
    const auto arguments = pop(PickledKind::tuple);
    const auto callee = pop(PickledKind::global).text;
    if (callee == "collections.OrderedDict")
      push(PickledKind::dict);
    else
      stack_.push_back(objects_.call(callee, *arguments.items));
  }

  std::string_view bytes_;
  PickledObjects& objects_;
  std::string file_;
  std::size_t at_ = 0;
  std::vector<Pickled> stack_;
  std::map<std::uint64_t, Pickled> memo_;
};

}  // namespace

Pickled read_pickle(const std::string& bytes, PickledObjects& objects, const std::string& file) {
  return PickleMachine(bytes, objects, file).run();
}

void refuse_pickle(const std::string& file, const std::string& why) {
  refuse(file + " can't be read as a dict of tensors: " + why,
         "save the weights alone, in Python: torch.save(dict(model.state_dict()), path)");
}

}  // namespace espalier::runner
