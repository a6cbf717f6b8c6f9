#include "worker/runner/train/tensors_file.hpp"

#include <torch/script.h>

#include "common/base/files.hpp"
#include "worker/runner/output_file.hpp"

namespace espalier::runner {

void save_tensors(const NamedTensors& tensors, const std::filesystem::path& path) {
  c10::Dict<std::string, torch::Tensor> dict;
  for (const auto& [name, tensor] : tensors) dict.insert(name, tensor);
  const auto bytes = torch::pickle_save(dict);
  write_output(path, {bytes.data(), bytes.size()});
}

NamedTensors load_tensors(const std::filesystem::path& path) {
  const auto bytes = read_file(path).value();
  try {
    NamedTensors tensors;
    for (const auto& entry : torch::pickle_load({bytes.begin(), bytes.end()}).toGenericDict())
      tensors.emplace(entry.key().toStringRef(), entry.value().toTensor());
    return tensors;
  } catch (const c10::Error& error) {
    throw ErrorException(Error{
        ErrorKind::failed, path.string() + " is not a dict of tensors: " + error.msg().substr(0, 300), ""});
  }
}

}  // namespace espalier::runner
