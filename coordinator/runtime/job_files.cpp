#include "coordinator/runtime/job_files.hpp"

#include <algorithm>
#include <utility>

#include "common/job/catalogue.hpp"

namespace espalier::runtime {

namespace fs = std::filesystem;

namespace {

bool lies_in(const fs::path& folder, const fs::path& path) {
  std::error_code failure;
  const auto real_folder = fs::canonical(folder, failure);
  if (failure) return false;
  const auto real_path = fs::weakly_canonical(path, failure);
  return !failure && std::ranges::mismatch(real_folder, real_path).in1 == real_folder.end();
}

bool is_of_the_catalogue(const std::string& path) {
  const auto all = job::datasets();
  return std::any_of(all.begin(), all.end(),
                     [&](const auto& dataset) { return job::folder_of(dataset).string() == path; });
}

struct Fence {
  std::vector<fs::path> folders;
  std::function<std::string(const std::string&)> absolute;

  Result<void> admit(const std::string& path) const {
    const bool is_inside = std::any_of(folders.begin(), folders.end(),
                                       [&](const auto& folder) { return lies_in(folder, absolute(path)); });
    if (is_inside) return {};
    return Error{ErrorKind::not_found, "jobs may not name `" + path + "` of this coordinator's machine",
                 "espalier-coordinator's --job-files DIR says in which folders they may"};
  }
};

}  // namespace

job::Surroundings within(const JobFolders& folders, job::Surroundings surroundings) {
  if (!folders) return surroundings;
  const Fence fence{*folders, surroundings.absolute};
  surroundings.file = [fence, look_up = surroundings.file](const std::string& path) -> Result<ContentHash> {
    if (auto admitted = fence.admit(path); !admitted) return admitted.error();
    return look_up(path);
  };
  surroundings.data = [fence, look_up = surroundings.data](const std::string& path) -> Result<std::string> {
    if (is_of_the_catalogue(path)) return look_up(path);
    if (auto admitted = fence.admit(path); !admitted) return admitted.error();
    return look_up(path);
  };
  return surroundings;
}

}  // namespace espalier::runtime
