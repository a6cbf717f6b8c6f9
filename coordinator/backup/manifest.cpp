#include "coordinator/backup/manifest.hpp"

#include "common/base/hash.hpp"
#include "common/base/json.hpp"

namespace espalier::backup {
namespace {
constexpr std::int64_t kFormat = 1;
}

std::string to_text(const Manifest& manifest) {
  json::array missing;
  for (const auto& hash : manifest.missing) missing.emplace_back(hash.value);
  return json::serialize(json::object{{"espalier_backup", kFormat},
                                      {"made_at", manifest.made_at},
                                      {"schema_version", manifest.schema_version},
                                      {"server_version", manifest.server_version},
                                      {"dump_hash", manifest.dump_hash},
                                      {"has_artifacts", manifest.has_artifacts},
                                      {"artifacts", manifest.artifacts},
                                      {"artifact_bytes", manifest.artifact_bytes},
                                      {"missing", std::move(missing)}}) +
         "\n";
}

Result<Manifest> manifest_from(std::string_view text) {
  const Error none{ErrorKind::failed, "this is no backup of Espalier",
                   "name a file that `espalier db backup` wrote"};
  const auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) return none;
  const auto& object = parsed->as_object();
  try {
    if (const auto format = object.at("espalier_backup").to_number<std::int64_t>(); format != kFormat)
      return Error{ErrorKind::failed,
                   "the backup is of a kind that this program doesn't know: " + std::to_string(format),
                   "use the version of Espalier that made it, or a later one"};
    Manifest manifest;
    manifest.made_at = object.at("made_at").as_string();
    manifest.schema_version = object.at("schema_version").to_number<int>();
    manifest.server_version = object.at("server_version").to_number<int>();
    manifest.dump_hash = object.at("dump_hash").as_string();
    manifest.has_artifacts = object.at("has_artifacts").as_bool();
    manifest.artifacts = object.at("artifacts").to_number<std::int64_t>();
    manifest.artifact_bytes = object.at("artifact_bytes").to_number<std::int64_t>();
    for (const auto& hash : object.at("missing").as_array())
      manifest.missing.push_back({std::string(hash.as_string())});
    return manifest;
  } catch (const std::exception&) {
    return none;
  }
}

std::string entry_of(const ContentHash& hash) {
  return std::string(kArtifactPrefix) + hash.value.substr(0, 2) + "/" + hash.value.substr(2);
}

ContentHash hash_of_entry(std::string_view name) {
  if (!name.starts_with(kArtifactPrefix)) return {};
  name.remove_prefix(kArtifactPrefix.size());
  if (name.size() != 65 || name[2] != '/') return {};
  ContentHash hash{std::string(name.substr(0, 2)) + std::string(name.substr(3))};
  return is_sha256_hex(hash.value) ? hash : ContentHash{};
}

}  // namespace espalier::backup
