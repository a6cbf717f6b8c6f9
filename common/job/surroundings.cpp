// What the job file names, looked up on this machine. Hashes are remembered by (path, size, time of change),
// so that a long-lived coordinator doesn't read thirty megabytes for every submission.
#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <system_error>
#include <tuple>

#include "common/base/hash.hpp"
#include "common/job/data_layout.hpp"
#include "common/job/plan.hpp"

namespace espalier::job {
namespace {

namespace fs = std::filesystem;

Error missing(std::string message, std::string help) {
  return {ErrorKind::not_found, std::move(message), std::move(help)};
}

class HashMemory {
 public:
  Result<std::string> hash_of(const fs::path& path) {
    std::error_code failure;
    const auto size = fs::file_size(path, failure);
    if (failure)
      return missing("can't read " + path.string() + ": " + failure.message(), "check its permissions");
    const auto changed = fs::last_write_time(path, failure).time_since_epoch().count();
    const Place place{path.string(), size, changed};
    {
      const std::lock_guard lock(mutex_);
      if (const auto known = hashes_.find(place); known != hashes_.end()) return known->second;
    }
    auto hash = sha256_hex_of_file(path);
    if (!hash) return hash;
    const std::lock_guard lock(mutex_);
    hashes_.emplace(place, *hash);
    return hash;
  }

 private:
  using Place = std::tuple<std::string, std::uintmax_t, fs::file_time_type::rep>;
  std::mutex mutex_;  // the command line and the coordinator's threads may plan at once
  std::map<Place, std::string> hashes_;
};

HashMemory& memory() {
  static HashMemory hashes;
  return hashes;
}

Result<ContentHash> hash_file(const fs::path& path, const std::string& written) {
  std::error_code failure;
  const auto status = fs::status(path, failure);
  if (!fs::exists(status)) {
    return missing("the file `" + written + "` does not exist", "looked for " + path.string());
  }
  if (!fs::is_regular_file(status))
    return missing("`" + written + "` is not a file", "looked at " + path.string());
  auto hash = memory().hash_of(path);
  if (!hash) return hash.error();
  return ContentHash{*hash};
}

// Names, sizes and contents of the folder's files, in the order of their names.
Result<std::string> fingerprint(const fs::path& folder, const std::string& written) {
  std::error_code failure;
  if (!fs::is_directory(folder, failure)) {
    return missing("the data folder `" + written + "` does not exist", "looked for " + folder.string());
  }
  std::vector<fs::path> files;
  for (auto entry = fs::recursive_directory_iterator(folder, failure);
       !failure && entry != fs::recursive_directory_iterator(); entry.increment(failure)) {
    std::error_code ignored;
    if (entry->is_regular_file(ignored)) files.push_back(entry->path());
  }
  if (failure)
    return missing("can't read the data folder `" + written + "`: " + failure.message(),
                   "check its permissions");
  if (files.empty())
    return missing("the data folder `" + written + "` is empty", "looked in " + folder.string());
  std::sort(files.begin(), files.end());
  json::array listing;
  for (const auto& file : files) {
    const auto hash = memory().hash_of(file);
    if (!hash) return hash.error();
    listing.push_back(
        json::array{file.lexically_relative(folder).generic_string(), fs::file_size(file, failure), *hash});
  }
  return sha256_hex(canonical(listing));
}

}  // namespace

Surroundings local_surroundings(std::string folder) {
  const auto locate = [base = fs::path(std::move(folder))](const std::string& path) {
    std::error_code failure;
    const auto absolute = fs::absolute(base / path, failure);
    return (failure ? base / path : absolute).lexically_normal();
  };
  Surroundings surroundings;
  surroundings.file = [locate](const std::string& path) { return hash_file(locate(path), path); };
  surroundings.data = [locate](const std::string& path) { return fingerprint(locate(path), path); };
  surroundings.layout = [locate](const std::string& format, const std::string& path) {
    return check_layout(format, locate(path), path);
  };
  surroundings.absolute = [locate](const std::string& path) { return locate(path).string(); };
  return surroundings;
}

}  // namespace espalier::job
