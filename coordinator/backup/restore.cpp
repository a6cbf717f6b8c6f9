#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>

#include "common/artifact/artifact_store.hpp"
#include "common/base/hash.hpp"
#include "coordinator/backup/backup.hpp"
#include "coordinator/backup/manifest.hpp"
#include "coordinator/backup/tar_file.hpp"
#include "coordinator/store/dump.hpp"

namespace fs = std::filesystem;

namespace espalier::backup {
namespace {

constexpr std::size_t kLongestManifest = std::size_t{256} << 20;

// A folder of our own for the dump, beside the artifacts or where temporary files go.
class WorkFolder {
 public:
  static Result<WorkFolder> make(const fs::path& in) {
    std::string name = (in / "espalier-restore-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      return Error{ErrorKind::failed, in.string() + " can't be written: " + std::strerror(errno), ""};
    return WorkFolder(name);
  }
  WorkFolder(WorkFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ~WorkFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  [[nodiscard]] fs::path dump() const { return path_ / "database.dump"; }

 private:
  explicit WorkFolder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

Error incomplete(const fs::path& file, const std::string& what) {
  return {ErrorKind::failed, file.string() + " is damaged: " + what, "restore another backup"};
}

Result<Manifest> read_manifest(TarReader& tar, const fs::path& file) {
  const auto first = tar.next();
  if (!first || !*first || (*first)->name != kManifestEntry)
    return Error{ErrorKind::failed, file.string() + " is no backup of Espalier",
                 "name a file that `espalier db backup` wrote"};
  std::string text;
  const auto read = tar.read([&](std::span<const std::byte> piece) -> Result<void> {
    if (text.size() + piece.size() > kLongestManifest) return incomplete(file, "its manifest is too long");
    text.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    return {};
  });
  if (!read) return read.error();
  auto manifest = manifest_from(text);
  if (manifest && manifest->schema_version > store::newest_schema_version())
    return Error{ErrorKind::failed,
                 "the backup's schema is newer than this program: version " +
                     std::to_string(manifest->schema_version) + ", and the newest that we know is " +
                     std::to_string(store::newest_schema_version()),
                 "use the version of Espalier that made it, or a later one"};
  return manifest;
}

Result<void> extract_dump(TarReader& tar, const fs::path& file, const Manifest& manifest, const fs::path& to,
                          const Piece& seen) {
  const auto entry = tar.next();
  if (!entry) return entry.error();
  if (!*entry || (*entry)->name != kDumpEntry) return incomplete(file, "it has no database");
  std::ofstream out(to, std::ios::binary);
  Sha256 hash;
  const auto read = tar.read([&](std::span<const std::byte> piece) -> Result<void> {
    out.write(reinterpret_cast<const char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
    hash.update(piece);
    seen(piece);
    if (!out) return Error{ErrorKind::failed, to.string() + " can't be written: " + std::strerror(errno), ""};
    return {};
  });
  if (!read) return read.error();
  out.close();
  if (!out) return Error{ErrorKind::failed, to.string() + " can't be written", ""};
  if (hash.hex() != manifest.dump_hash)
    return incomplete(file, "its database has other bytes than were backed up");
  return {};
}

// Every artifact of the rest; what hashes to something else than its name says is left out.
Result<void> extract_artifacts(TarReader& tar, const fs::path& file, const Manifest& manifest,
                               artifact::ArtifactStore* into, Restored& restored, const Piece& seen) {
  std::int64_t found = 0;
  for (;;) {
    const auto entry = tar.next();
    if (!entry) return incomplete(file, entry.error().message);
    if (!*entry) break;
    const auto hash = hash_of_entry((*entry)->name);
    if (hash.value.empty()) return incomplete(file, "it holds \"" + (*entry)->name + "\"");
    ++found;
    if (into == nullptr || into->has(hash)) {
      const auto skipped = tar.read([&](std::span<const std::byte> piece) -> Result<void> {
        seen(piece);
        return {};
      });
      if (!skipped) return incomplete(file, skipped.error().message);
      continue;
    }
    auto upload = into->begin();
    if (!upload) return upload.error();
    const auto copied = tar.read([&](std::span<const std::byte> piece) {
      seen(piece);
      return upload->write(piece);
    });
    if (!copied) return copied;
    const auto bytes = upload->bytes();
    if (const auto stored = upload->finish(hash); stored) {
      ++restored.artifacts;
      restored.bytes += bytes;
    } else if (stored.error().kind == ErrorKind::usage) {
      restored.damaged.push_back(hash);
    } else {
      return stored.error();
    }
  }
  if (found != manifest.artifacts)
    return incomplete(file, "it holds " + std::to_string(found) + " artifacts instead of " +
                                std::to_string(manifest.artifacts));
  return {};
}

}  // namespace

// Artifacts come before the database: without it nobody refers to them, and they do no harm.
Result<Restored> restore(const Place& place, const fs::path& file, bool replace, const Progress& progress) {
  auto tar = TarReader::open(file);
  if (!tar) return tar.error();
  const auto manifest = read_manifest(*tar, file);
  if (!manifest) return manifest.error();
  auto restoration = store::Restoration::begin(place.database, replace);
  if (!restoration) return restoration.error();

  std::optional<artifact::ArtifactStore> artifacts;
  if (place.artifacts && manifest->has_artifacts) {
    auto opened = artifact::ArtifactStore::open(*place.artifacts);
    if (!opened) return opened.error();
    artifacts.emplace(std::move(*opened));
  }
  const auto work =
      WorkFolder::make(place.artifacts && artifacts ? *place.artifacts : fs::temp_directory_path());
  if (!work) return work.error();
  std::int64_t done = 0;
  std::error_code unknown;
  const auto total = static_cast<std::int64_t>(fs::file_size(file, unknown));
  const Piece seen = [&](std::span<const std::byte> piece) {
    done += static_cast<std::int64_t>(piece.size());
    progress("reading the backup", done, total);
  };
  if (auto extracted = extract_dump(*tar, file, *manifest, work->dump(), seen); !extracted)
    return extracted.error();
  Restored restored{manifest->made_at, 0, 0, manifest->missing, {}, manifest->has_artifacts};
  if (auto extracted =
          extract_artifacts(*tar, file, *manifest, artifacts ? &*artifacts : nullptr, restored, seen);
      !extracted)
    return extracted.error();

  const auto loaded = restoration->load(work->dump(), [&] { progress("restoring the database", 0, 0); });
  if (!loaded) return loaded.error();
  auto lost = restored.missing;
  lost.insert(lost.end(), restored.damaged.begin(), restored.damaged.end());
  const auto finished = restoration->finish("from the backup of " + manifest->made_at, lost);
  if (!finished) return finished.error();
  return restored;
}

}  // namespace espalier::backup
