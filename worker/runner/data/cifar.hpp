// The binary version of CIFAR-10 and CIFAR-100 (cs.toronto.edu/~kriz/cifar.html): records of labels and a
// 32x32 picture, plane by plane.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>

namespace espalier::runner {

enum class CifarKind { ten, hundred };

constexpr std::int64_t kCifarSide = 32;

constexpr std::int64_t cifar_classes(CifarKind kind) {
  return kind == CifarKind::ten ? 10 : 100;
}

struct CifarSplit {
  torch::Tensor images;  // uint8 [N, 3, 32, 32]
  torch::Tensor labels;  // int64 [N]; of CIFAR-100 the fine ones
};

struct CifarData {
  CifarSplit train, validation;
};

// data_batch_1.bin … data_batch_5.bin and test_batch.bin, or train.bin and test.bin, of `folder` itself or of
// the folder in it that the archive unpacks to (cifar-10-batches-bin, cifar-100-binary). Any number of
// records. Throws ErrorException that names the file, and the offset if it is broken.
CifarData read_cifar(const std::filesystem::path& folder, CifarKind kind);

}  // namespace espalier::runner
