// numpy.lib.format: magic, version, length, then a Python dict as text, padded.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "worker/runner/data/stored_tensor.hpp"

namespace espalier::runner {
namespace {

constexpr std::int64_t kMostHeader = 1 << 20;
constexpr std::string_view kNpyMagic = "\x93NUMPY";

// What the header says: {'descr': '<f4', 'fortran_order': False, 'shape': (60000, 28, 28), }
struct NpyHeader {
  std::optional<std::string> descr;
  std::optional<bool> fortran_order;
  std::optional<std::vector<std::int64_t>> shape;
};

// Reads the few forms of Python literals that NumPy writes there.
class NpyHeaderReader {
 public:
  NpyHeaderReader(const DataFile& file, std::string_view text, std::int64_t offset)
      : file_(file), text_(text), offset_(offset) {}

  NpyHeader read() {
    NpyHeader header;
    expect('{');
    while (!takes('}')) {
      const auto key = quoted();
      expect(':');
      if (key == "descr")
        header.descr = descr();
      else if (key == "fortran_order")
        header.fortran_order = boolean();
      else if (key == "shape")
        header.shape = tuple();
      else
        fail("an unknown key \"" + key + "\" in its header");
      if (!takes(',') && peek() != '}') fail("neither a comma nor a brace in its header");
    }
    if (peek() != 0) fail("something after its header's end");
    if (!header.descr || !header.fortran_order || !header.shape)
      fail("its header lacks descr, fortran_order or shape");
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    broken_file(file_.path(), offset_ + static_cast<std::int64_t>(at_), what,
                "save it again with numpy.save");
  }
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool takes(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }
  void expect(char wanted) {
    if (!takes(wanted)) fail(std::string("no '") + wanted + "' where its header should have one");
  }
  std::string quoted() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') fail("no text where its header should have one");
    const auto end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail("a text without an end in its header");
    const auto text = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return std::string(text);
  }
  std::string descr() {
    if (peek() == '[')
      broken_file(file_.path(), offset_ + static_cast<std::int64_t>(at_), "it holds structures, not numbers",
                  "save a plain array: numpy.save(file, array.astype('float32'))");
    return quoted();
  }
  bool boolean() {
    peek();
    for (const std::string_view word : {"True", "False"}) {
      if (!text_.substr(at_).starts_with(word)) continue;
      at_ += word.size();
      return word == "True";
    }
    fail("neither True nor False where its header should have one");
  }
  std::vector<std::int64_t> tuple() {
    std::vector<std::int64_t> sizes;
    expect('(');
    while (!takes(')')) {
      peek();
      std::int64_t size = 0;
      const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), size);
      if (error != std::errc{}) fail("no number where its shape should have one");
      at_ = static_cast<std::size_t>(end - text_.data());
      takes('L');  // Python 2 wrote long numbers so
      sizes.push_back(size);
      if (!takes(',') && peek() != ')') fail("neither a comma nor a parenthesis in its shape");
    }
    return sizes;
  }

  const DataFile& file_;
  std::string_view text_;
  std::int64_t offset_ = 0;  // of the text in the file
  std::size_t at_ = 0;
};

std::optional<ElementType> element_of(std::string_view descr) {
  struct Known {
    std::string_view descr;
    ElementType type;
  };
  static const std::array<Known, 11> kKnown = {{{"|u1", {torch::kUInt8, 1, false}},
                                                {"|i1", {torch::kInt8, 1, false}},
                                                {"<i2", {torch::kInt16, 2, false}},
                                                {"<u2", {torch::kInt16, 2, true}},
                                                {"<i4", {torch::kInt32, 4, false}},
                                                {"<u4", {torch::kInt32, 4, true}},
                                                {"<i8", {torch::kInt64, 8, false}},
                                                {"<f2", {torch::kHalf, 2, false}},
                                                {"<f4", {torch::kFloat, 4, false}},
                                                {"<f8", {torch::kDouble, 8, false}},
                                                {"<u1", {torch::kUInt8, 1, false}}}};
  for (const auto& known : kKnown)
    if (known.descr == descr) return known.type;
  return std::nullopt;
}

ElementType usable_element(const DataFile& file, const std::string& descr, std::int64_t offset) {
  if (const auto type = element_of(descr)) return *type;
  const auto help = descr.starts_with('>')
                        ? "it is big-endian: numpy.save(file, array.astype(array.dtype.newbyteorder('<')))"
                        : "numpy.save(file, array.astype('float32')), or 'uint8', or 'int64'";
  broken_file(file.path(), offset, "elements of the type \"" + descr + "\" can't be used", help);
}

std::int64_t length_of_header(DataFile& file) {
  std::array<std::uint8_t, 8> start{};
  file.read(start.data(), 8, "header");
  if (!std::equal(kNpyMagic.begin(), kNpyMagic.end(), start.begin(),
                  [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; }))
    broken_file(file.path(), 0, "it is no file of numpy.save", "save it with numpy.save(file, array)");
  const auto version = start[6];
  if (version < 1 || version > 3)
    broken_file(file.path(), 6, "a format version " + std::to_string(version), "save it with numpy.save");
  std::array<std::uint8_t, 4> little_endian{};
  file.read(little_endian.data(), version == 1 ? 2 : 4, "header");
  std::int64_t length = 0;
  for (std::size_t byte = 4; byte-- > 0;) length = length << 8 | little_endian[byte];
  if (length > kMostHeader)
    broken_file(file.path(), 8, "a header of " + std::to_string(length) + " bytes", "save a plain array");
  return length;
}

}  // namespace

StoredTensor find_npy(const std::filesystem::path& path) {
  DataFile file(path);
  std::string text(static_cast<std::size_t>(length_of_header(file)), '\0');
  const auto at = file.offset();
  file.read(text.data(), static_cast<std::int64_t>(text.size()), "header");
  auto header = NpyHeaderReader(file, text, at).read();
  StoredTensor stored;
  stored.file = path;
  stored.type = usable_element(file, *header.descr, at);
  stored.shape = std::move(*header.shape);
  stored.is_fortran = *header.fortran_order;
  stored.offset = file.offset();
  stored.bytes = bytes_of_shape(path, at, stored.shape, stored.type);
  if (stored.offset + stored.bytes != file.size())
    broken_file(path, std::min(file.size(), stored.offset + stored.bytes),
                "its header promises " + std::to_string(stored.bytes) + " bytes of data, and there are " +
                    std::to_string(file.size() - stored.offset));
  return stored;
}

}  // namespace espalier::runner
