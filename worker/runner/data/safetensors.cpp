// The format of huggingface.co/docs/safetensors: length, a JSON object, then bytes.
#include <array>
#include <optional>

#include "common/base/json.hpp"
#include "worker/runner/data/stored_tensor.hpp"

namespace espalier::runner {
namespace {

constexpr std::int64_t kMostSafetensorsJson = 100'000'000;  // the format's own limit
constexpr std::int64_t kSafetensorsLength = 8;
constexpr const char* kSaveAgain = "save it with safetensors.torch.save_file";

std::optional<ElementType> safetensors_element(std::string_view name) {
  struct Known {
    std::string_view name;
    ElementType type;
  };
  static const std::array<Known, 11> kKnown = {{{"U8", {torch::kUInt8, 1, false}},
                                                {"I8", {torch::kInt8, 1, false}},
                                                {"I16", {torch::kInt16, 2, false}},
                                                {"U16", {torch::kInt16, 2, true}},
                                                {"I32", {torch::kInt32, 4, false}},
                                                {"U32", {torch::kInt32, 4, true}},
                                                {"I64", {torch::kInt64, 8, false}},
                                                {"F16", {torch::kHalf, 2, false}},
                                                {"BF16", {torch::kBFloat16, 2, false}},
                                                {"F32", {torch::kFloat, 4, false}},
                                                {"F64", {torch::kDouble, 8, false}}}};
  for (const auto& known : kKnown)
    if (known.name == name) return known.type;
  return std::nullopt;
}

std::int64_t length_of_json(DataFile& file) {
  std::array<std::uint8_t, kSafetensorsLength> little_endian{};
  file.read(little_endian.data(), kSafetensorsLength, "header");
  std::uint64_t length = 0;
  for (std::size_t byte = kSafetensorsLength; byte-- > 0;) length = length << 8 | little_endian[byte];
  if (length > kMostSafetensorsJson || static_cast<std::int64_t>(length) > file.size() - kSafetensorsLength)
    broken_file(file.path(), 0, "it says that its header has " + std::to_string(length) + " bytes",
                kSaveAgain);
  return static_cast<std::int64_t>(length);
}

std::vector<std::int64_t> whole_numbers(const json::object& entry, std::string_view key, bool& is_valid) {
  std::vector<std::int64_t> numbers;
  const auto* list = entry.if_contains(key);
  is_valid = is_valid && list != nullptr && list->is_array();
  if (!is_valid) return numbers;
  for (const auto& number : list->get_array()) {
    is_valid = is_valid && number.is_int64() && number.get_int64() >= 0;
    numbers.push_back(number.is_int64() ? number.get_int64() : 0);
  }
  return numbers;
}

// `data_start`: where in the file the offsets count from.
StoredTensor tensor_from(const DataFile& file, const std::string& name, const json::value& value,
                         std::int64_t data_start) {
  const auto fail = [&](const std::string& what) {
    broken_file(file.path(), kSafetensorsLength, "its header's \"" + name + "\" " + what, kSaveAgain);
  };
  bool is_valid = value.is_object();
  const json::object none;
  const auto& entry = is_valid ? value.get_object() : none;
  StoredTensor stored;
  stored.file = file.path();
  stored.shape = whole_numbers(entry, "shape", is_valid);
  const auto ends = whole_numbers(entry, "data_offsets", is_valid);
  const auto* dtype = entry.if_contains("dtype");
  if (!is_valid || ends.size() != 2 || dtype == nullptr || !dtype->is_string())
    fail("lacks dtype, shape or data_offsets");
  const auto type = safetensors_element(dtype->get_string());
  if (!type) fail("has elements of the type " + std::string(dtype->get_string()) + ", which can't be used");
  stored.type = *type;
  stored.bytes = bytes_of_shape(file.path(), kSafetensorsLength, stored.shape, stored.type);
  if (ends[1] < ends[0] || ends[1] - ends[0] != stored.bytes)
    fail("has data_offsets that don't fit its shape");
  if (ends[1] > file.size() - data_start)
    broken_file(file.path(), file.size(), "it ends inside the data of \"" + name + "\"");
  stored.offset = data_start + ends[0];
  return stored;
}

}  // namespace

std::map<std::string, StoredTensor> find_safetensors(const std::filesystem::path& path,
                                                     const std::set<std::string>& only) {
  DataFile file(path);
  std::string text(static_cast<std::size_t>(length_of_json(file)), '\0');
  file.read(text.data(), static_cast<std::int64_t>(text.size()), "header");
  const auto header = parse_json(text);
  if (!header || !header->is_object())
    broken_file(path, kSafetensorsLength, "its header is no JSON object", kSaveAgain);
  std::map<std::string, StoredTensor> tensors;
  for (const auto& [name, entry] : header->get_object())
    if (name != "__metadata__" && (only.empty() || only.contains(std::string(name))))
      tensors.emplace(name, tensor_from(file, name, entry, file.offset()));
  return tensors;
}

}  // namespace espalier::runner
