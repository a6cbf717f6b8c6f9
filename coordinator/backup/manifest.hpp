// What a backup says about itself, in its first entry.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/result.hpp"

namespace espalier::backup {

inline constexpr const char* kManifestEntry = "manifest.json";
inline constexpr const char* kDumpEntry = "database.dump";
inline constexpr std::string_view kArtifactPrefix = "artifacts/";

struct Manifest {
  std::string made_at;         // "2026-01-31T12:00:00Z"
  int schema_version = 0;      // of the newest migration
  int server_version = 0;      // PostgreSQL's: 150004 is 15.4
  std::string dump_hash;       // SHA-256
  bool has_artifacts = false;  // the rest is 0 if not
  std::int64_t artifacts = 0;
  std::int64_t artifact_bytes = 0;
  std::vector<ContentHash> missing;  // were gone already
};

std::string to_text(const Manifest& manifest);
// Errors: failed if it is none, or of a later kind than this program knows.
Result<Manifest> manifest_from(std::string_view text);

std::string entry_of(const ContentHash& hash);  // "artifacts/ab/cdef…"
// Empty if the entry is no artifact's.
ContentHash hash_of_entry(std::string_view name);

}  // namespace espalier::backup
