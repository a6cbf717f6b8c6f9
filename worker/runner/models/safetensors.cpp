#include "worker/runner/models/safetensors.hpp"

#include <array>
#include <fstream>

#include "common/base/json.hpp"
#include "worker/runner/refuse.hpp"

namespace espalier::runner {
namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kLongestHeader = 100'000'000;  // the format's own limit

struct NamedType {
  std::string_view name;
  torch::ScalarType type;
};
constexpr std::array kTypes = {
    NamedType{"F64", torch::kFloat64},   NamedType{"F32", torch::kFloat32}, NamedType{"F16", torch::kFloat16},
    NamedType{"BF16", torch::kBFloat16}, NamedType{"I64", torch::kInt64},   NamedType{"I32", torch::kInt32},
    NamedType{"I16", torch::kInt16},     NamedType{"I8", torch::kInt8},     NamedType{"U8", torch::kUInt8},
    NamedType{"BOOL", torch::kBool},
};

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path)
      : name_(path.filename().string()), in_(path, std::ios::binary) {
    std::error_code unreadable;
    size_ = std::filesystem::file_size(path, unreadable);
    if (unreadable || !in_) broken("it can't be read");
  }

  StateDict read() {
    const auto header = read_header();
    StateDict state;
    for (const auto& [name, entry] : header) {
      if (name == "__metadata__") continue;
      state.emplace(name, read_tensor(std::string(name), entry));
    }
    return state;
  }

 private:
  [[noreturn]] void broken(const std::string& why) const {
    refuse(name_ + " is no safetensors file: " + why, "save the weights again, or copy the file again");
  }

  json::object read_header() {
    std::string length(kLengthBytes, '\0');
    if (size_ < kLengthBytes || !in_.read(length.data(), kLengthBytes))
      broken("it ends within its first 8 bytes");
    const auto header_size = little_endian(length);
    if (header_size > kLongestHeader || header_size > size_ - kLengthBytes)
      broken("its header of " + std::to_string(header_size) + " bytes would end behind the file");
    std::string text(header_size, '\0');
    if (!in_.read(text.data(), static_cast<std::streamsize>(header_size))) broken("its header can't be read");
    data_start_ = kLengthBytes + header_size;
    const auto header = parse_json(text);
    if (!header || !header->is_object()) broken("its header is not a JSON object");
    return header->as_object();
  }

  // A list of whole numbers from 0 on.
  std::vector<std::int64_t> numbers(const std::string& name, const json::object& entry, const char* key) {
    const auto* list = entry.if_contains(key);
    if (list == nullptr || !list->is_array()) broken(name + " has no list `" + key + "`");
    std::vector<std::int64_t> result;
    for (const auto& item : list->as_array()) {
      if (!item.is_int64() || item.get_int64() < 0)
        broken(name + ": `" + key + "` holds something else than sizes");
      result.push_back(item.get_int64());
    }
    return result;
  }

  torch::ScalarType type_of(const std::string& name, const json::object& entry) {
    const auto* text = entry.if_contains("dtype");
    if (text != nullptr && text->is_string())
      for (const auto& [known, type] : kTypes)
        if (text->get_string() == known) return type;
    broken(name + " has a `dtype` that we don't know");
  }

  // Elements times the size of one; refused before it can overflow.
  std::int64_t bytes_of(const std::string& name, const std::vector<std::int64_t>& shape,
                        torch::ScalarType type) {
    auto bytes = static_cast<std::int64_t>(c10::elementSize(type));
    for (const auto side : shape)
      if (__builtin_mul_overflow(bytes, side, &bytes)) broken(name + " is larger than any memory");
    return bytes;
  }

  torch::Tensor read_tensor(const std::string& name, const json::value& described) {
    if (!described.is_object()) broken(name + " is not described by an object");
    const auto& entry = described.get_object();
    const auto shape = numbers(name, entry, "shape");
    const auto offsets = numbers(name, entry, "data_offsets");
    const auto type = type_of(name, entry);
    const auto bytes = bytes_of(name, shape, type);
    const auto data_size = static_cast<std::int64_t>(size_ - data_start_);
    if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data_size)
      broken(name + " would lie behind the end of the file");
    if (offsets[1] - offsets[0] != bytes)
      broken(name + " has " + std::to_string(offsets[1] - offsets[0]) + " bytes of data, its shape needs " +
             std::to_string(bytes));
    auto tensor = torch::empty(shape, type);
    in_.seekg(static_cast<std::streamoff>(data_start_) + offsets[0]);
    if (bytes > 0 && !in_.read(static_cast<char*>(tensor.data_ptr()), bytes)) broken(name + " can't be read");
    return tensor;
  }

  std::string name_;
  std::ifstream in_;
  std::uint64_t size_ = 0, data_start_ = 0;
};

}  // namespace

bool looks_like_safetensors(std::string_view first_bytes) {
  return first_bytes.size() > kLengthBytes && first_bytes[kLengthBytes] == '{' &&
         little_endian(first_bytes) <= kLongestHeader;
}

StateDict read_safetensors(const std::filesystem::path& path) {
  return SafetensorsFile(path).read();
}

}  // namespace espalier::runner
