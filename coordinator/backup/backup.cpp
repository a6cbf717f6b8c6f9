#include "coordinator/backup/backup.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>
#include <ctime>

#include "common/artifact/artifact_store.hpp"
#include "common/base/hash.hpp"
#include "coordinator/backup/manifest.hpp"
#include "coordinator/backup/tar_file.hpp"
#include "coordinator/store/dump.hpp"

namespace fs = std::filesystem;

namespace espalier::backup {
namespace {

std::string now_in_words() {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

struct Chosen {
  ContentHash hash;
  fs::path path;
  std::int64_t bytes = 0;
};

std::int64_t size_of(const fs::path& file) {
  std::error_code absent;
  const auto size = fs::file_size(file, absent);
  return absent ? -1 : static_cast<std::int64_t>(size);
}

// Removed at the end, whatever happens.
struct Temporary {
  fs::path path;
  explicit Temporary(fs::path file) : path(std::move(file)) { remove(); }
  ~Temporary() { remove(); }
  Temporary(const Temporary&) = delete;
  void remove() const {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
};

}  // namespace

Result<BackedUp> make(const Place& place, const fs::path& file, const Progress& progress) {
  auto tar = TarWriter::create(file);
  if (!tar) return tar.error();
  Manifest manifest;
  manifest.made_at = now_in_words();
  manifest.has_artifacts = place.artifacts.has_value();
  const Temporary dump(file.string() + ".part.dump");
  std::vector<Chosen> chosen;
  {
    const auto snapshot = store::Snapshot::take(place.database);
    if (!snapshot) return snapshot.error();
    manifest.schema_version = snapshot->schema_version();
    manifest.server_version = snapshot->server_version();
    if (place.artifacts) {
      for (const auto& needed : snapshot->artifacts()) {
        auto path = artifact::stored_path(*place.artifacts, needed.hash);
        // A checkpoint that was asked for counts as new: garbage collection spares it for an hour.
        if (needed.is_checkpoint) ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
        const auto bytes = size_of(path);
        if (bytes < 0)
          manifest.missing.push_back(needed.hash);
        else
          chosen.push_back({needed.hash, std::move(path), bytes});
      }
    }
    const ::mode_t before = ::umask(0077);
    const auto dumped = snapshot->dump(dump.path, [&] {
      progress("dumping the database", std::max<std::int64_t>(0, size_of(dump.path)), 0);
    });
    ::umask(before);
    if (!dumped) return dumped.error();
  }
  const auto dump_hash = sha256_hex_of_file(dump.path);
  if (!dump_hash) return dump_hash.error();
  manifest.dump_hash = *dump_hash;
  for (const auto& each : chosen) manifest.artifact_bytes += each.bytes;
  manifest.artifacts = static_cast<std::int64_t>(chosen.size());

  std::int64_t copied = 0;
  const std::int64_t total = manifest.artifact_bytes + size_of(dump.path);
  const auto count = [&](std::span<const std::byte> piece) {
    copied += static_cast<std::int64_t>(piece.size());
    progress("writing the backup", copied, total);
  };
  if (auto added = tar->add(kManifestEntry, to_text(manifest)); !added) return added.error();
  if (auto added = tar->add_file(kDumpEntry, dump.path, size_of(dump.path), count); !added)
    return added.error();
  BackedUp result{manifest.artifacts, manifest.artifact_bytes, manifest.missing, {}};
  for (const auto& each : chosen) {
    Sha256 hash;
    const auto added =
        tar->add_file(entry_of(each.hash), each.path, each.bytes, [&](std::span<const std::byte> piece) {
          hash.update(piece);
          count(piece);
        });
    if (!added) return added.error();
    if (hash.hex() != each.hash.value) result.damaged.push_back(each.hash);
  }
  if (auto finished = tar->finish(); !finished) return finished.error();
  return result;
}

Result<FilesChecked> check_files(const Place& place, bool hashes, const Progress& progress) {
  FilesChecked checked;
  const auto snapshot = store::Snapshot::take(place.database);
  if (!snapshot) return snapshot.error();
  const auto& artifacts = snapshot->artifacts();
  checked.files = static_cast<std::int64_t>(artifacts.size());
  std::int64_t done = 0;
  for (const auto& each : artifacts) {
    const auto path = artifact::stored_path(*place.artifacts, each.hash);
    const auto bytes = size_of(path);
    if (bytes < 0)
      checked.wrong.push_back({each.hash, "is missing"});
    else if (each.bytes && bytes != *each.bytes)
      checked.wrong.push_back(
          {each.hash, "has " + std::to_string(bytes) + " bytes instead of " + std::to_string(*each.bytes)});
    else if (hashes) {
      const auto hash = sha256_hex_of_file(path);
      if (!hash)
        checked.wrong.push_back({each.hash, hash.error().message});
      else if (*hash != each.hash.value)
        checked.wrong.push_back({each.hash, "holds other bytes than its name says"});
    }
    progress(hashes ? "reading artifacts" : "looking for artifacts", ++done, checked.files);
  }
  return checked;
}

}  // namespace espalier::backup
