// Tensors in files as NumPy and safetensors write them.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "worker/runner/data/data_file.hpp"

namespace espalier::runner {

struct ElementType {
  torch::Dtype stored = torch::kUInt8;  // of the same bytes
  std::int64_t bytes = 1;
  bool is_unsigned = false;  // wider than LibTorch has them: `stored` is the signed type of that width
  [[nodiscard]] bool is_float() const { return torch::isFloatingType(stored); }
  [[nodiscard]] bool is_byte() const { return stored == torch::kUInt8; }
};

// Where a tensor lies, from its file's header.
struct StoredTensor {
  std::filesystem::path file;
  ElementType type;
  std::vector<std::int64_t> shape;
  bool is_fortran = false;  // the first dimension varies fastest
  std::int64_t offset = 0;  // of its first byte in the file
  std::int64_t bytes = 0;
};

// A tensor takes no more memory than this.
constexpr std::int64_t kMostTensorBytes = std::int64_t{16} << 30;

// Format versions 1 to 3 (numpy.lib.format), little-endian. Throws ErrorException that names the file, and
// the offset if it is broken; what is well-formed but can't be used (objects, structures, big-endian) says
// how to save it.
StoredTensor find_npy(const std::filesystem::path& path);

// By name; of all tensors, or of those of the names `only`, whatever the others are. As above.
std::map<std::string, StoredTensor> find_safetensors(const std::filesystem::path& path,
                                                     const std::set<std::string>& only = {});

// Floats as float32, bytes as uint8, all other integers as int64; row-major.
torch::Tensor load_stored(const StoredTensor& stored);

// Number of bytes that `shape` takes; throws if it is broken at `offset`: empty, or more than memory may
// hold.
std::int64_t bytes_of_shape(const std::filesystem::path& file, std::int64_t offset,
                            const std::vector<std::int64_t>& shape, const ElementType& type);

}  // namespace espalier::runner
