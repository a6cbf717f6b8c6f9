#include "worker/runner/data/stored_tensor.hpp"

#include <algorithm>

namespace espalier::runner {
namespace {

torch::Tensor as_signed_64(const torch::Tensor& read, const ElementType& type) {
  auto wide = read.to(torch::kInt64);
  if (type.is_unsigned) wide.bitwise_and_((std::int64_t{1} << (8 * type.bytes)) - 1);
  return wide;
}

}  // namespace

std::int64_t bytes_of_shape(const std::filesystem::path& file, std::int64_t offset,
                            const std::vector<std::int64_t>& shape, const ElementType& type) {
  // What is not a float and not a byte is widened.
  const auto in_memory = type.is_byte() ? 1 : type.is_float() ? std::max<std::int64_t>(4, type.bytes) : 8;
  std::int64_t count = 1;
  for (const auto size : shape) {
    if (size < 1) broken_file(file, offset, "a dimension of " + std::to_string(size), "save it with samples");
    if (size > kMostTensorBytes / in_memory / count)
      broken_file(file, offset,
                  "its shape takes more than the " + std::to_string(kMostTensorBytes >> 30) +
                      " GiB that a tensor may take",
                  "save fewer samples, or a smaller type");
    count *= size;
  }
  return count * type.bytes;
}

torch::Tensor load_stored(const StoredTensor& stored) {
  auto sizes = stored.shape;
  if (stored.is_fortran) std::reverse(sizes.begin(), sizes.end());
  auto read = torch::empty(sizes, stored.type.stored);
  DataFile file(stored.file);
  file.go_to(stored.offset);
  file.read(read.data_ptr(), stored.bytes, "data");
  if (stored.is_fortran) {
    std::vector<std::int64_t> reversed;
    for (auto dimension = read.dim(); dimension-- > 0;) reversed.push_back(dimension);
    read = read.permute(reversed);
  }
  if (stored.type.is_float()) return read.to(torch::kFloat).contiguous();
  return stored.type.is_byte() ? read.contiguous() : as_signed_64(read, stored.type).contiguous();
}

}  // namespace espalier::runner
