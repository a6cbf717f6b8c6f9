// The IDX format of MNIST and its kin (yann.lecun.com/exdb/mnist): big-endian header, then bytes; plain or
// gzip.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace espalier::runner {

struct IdxArray {
  std::vector<std::int64_t> dimensions;
  std::vector<std::uint8_t> bytes;  // row-major, exactly the product of `dimensions`
};

// `stem` without ".gz"; the plain file is taken if both are there. Throws ErrorException that names the file
// and, if it is broken, the offset in its (unpacked) bytes.
IdxArray read_idx(const std::filesystem::path& stem, std::size_t dimensions);

struct IdxSplit {
  IdxArray images;  // N, H, W
  IdxArray labels;  // N
};

// train-images-idx3-ubyte and train-labels-idx1-ubyte of `folder`; with prefix "t10k" the validation files.
IdxSplit read_idx_split(const std::filesystem::path& folder, const char* prefix);

// N, H, W without reading the images.
std::vector<std::int64_t> read_idx_header(const std::filesystem::path& stem, std::size_t dimensions);

}  // namespace espalier::runner
