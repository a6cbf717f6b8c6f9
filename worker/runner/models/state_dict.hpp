// Tensors by name as other programs save them, and a zoo net that takes them over.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <map>
#include <string>

namespace espalier::runner {

using StateDict = std::map<std::string, torch::Tensor>;

// What Python's torch.save wrote of a dict or an OrderedDict of tensors (state_dict()), or a safetensors
// file; told apart by their first bytes. Only data is read, no code of the file is run. Throws ErrorException
// that says how to save it if it is something else: TorchScript, the format of before
// PyTorch 1.6, a checkpoint that holds more than tensors, a broken file.
StateDict read_state_dict(const std::filesystem::path& path);

// Copies every tensor of `state` into the parameter or buffer of that name. Names and shapes have to be the
// net's; what counts batches, and buffers that follow from the net's sizes, may be missing. Otherwise throws
// ErrorException with the first names that are missing, unexpected or of another shape, and changes nothing.
// `described` names the net there.
void load_state(torch::nn::Module& net, const StateDict& state, const std::string& described);

}  // namespace espalier::runner
