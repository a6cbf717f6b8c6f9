#include "worker/confinement/fence.hpp"

#include "common/base/json.hpp"

namespace espalier::confinement {
namespace {

Error wrong(const std::string& what) {
  return {ErrorKind::usage, "--fence: " + what, "only the worker writes it"};
}

}  // namespace

std::string to_text(const Fence& fence) {
  json::array readable;
  for (const auto& path : fence.readable) readable.emplace_back(path.string());
  return json::serialize(json::object{{"folder", fence.folder.string()},
                                      {"readable", std::move(readable)},
                                      {"file_bytes", fence.file_bytes},
                                      {"memory_bytes", fence.memory_bytes}});
}

Result<Fence> fence_from(std::string_view text) {
  const auto value = parse_json(text);
  const auto* object = value ? value->if_object() : nullptr;
  if (object == nullptr) return wrong("it is no JSON object");
  try {
    Fence fence;
    fence.folder = std::string(object->at("folder").as_string());
    for (const auto& path : object->at("readable").as_array())
      fence.readable.emplace_back(std::string(path.as_string()));
    fence.file_bytes = object->at("file_bytes").to_number<std::int64_t>();
    fence.memory_bytes = object->at("memory_bytes").to_number<std::int64_t>();
    return fence;
  } catch (const std::exception& mistake) {
    return wrong(mistake.what());
  }
}

}  // namespace espalier::confinement
