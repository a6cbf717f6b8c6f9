// Tensors by name in one file, as Python's torch.save writes a dict and torch.load reads it.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <map>
#include <string>

namespace espalier::runner {

using NamedTensors = std::map<std::string, torch::Tensor>;

void save_tensors(const NamedTensors& tensors, const std::filesystem::path& path);

// Throws ErrorException that names the file if it is no such dict.
NamedTensors load_tensors(const std::filesystem::path& path);

}  // namespace espalier::runner
