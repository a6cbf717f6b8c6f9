#include "worker/agent/runner_home.hpp"

#include <system_error>

namespace espalier::agent {
namespace fs = std::filesystem;
namespace {

std::string name_of(std::int64_t attempt) {
  return "attempt-" + std::to_string(attempt);
}

Error about(const fs::path& file, const std::string& what) {
  return {ErrorKind::failed, file.string() + " " + what, ""};
}

}  // namespace

fs::path RunnerHome::work_of(std::int64_t attempt) const {
  return work() / name_of(attempt);
}

Result<void> RunnerHome::make_empty() const {
  std::error_code failed;
  fs::remove_all(folder, failed);
  for (const auto& made : {work(), inputs()})
    if (!failed) fs::create_directories(made, failed);
  if (failed) return about(folder, "can't be made: " + failed.message());
  return {};
}

Result<Inputs> RunnerHome::settle(std::int64_t attempt, const Inputs& from) const {
  const auto place = inputs() / name_of(attempt);
  std::error_code failed;
  for (const auto& made : {work_of(attempt), place})
    if (!failed) fs::create_directories(made, failed);
  if (failed) return about(place, "can't be made: " + failed.message());
  Inputs settled;
  for (const auto& [role, path] : from) {
    const auto link = place / std::to_string(settled.size());
    fs::create_hard_link(path, link, failed);
    if (failed) fs::copy_file(path, link, failed);
    if (failed) return about(path, "can't be handed to the runner: " + failed.message());
    settled.emplace(role, link);
  }
  return settled;
}

bool RunnerHome::clear(std::int64_t attempt) const {
  bool cleared = true;
  for (const auto& place : {work_of(attempt), inputs() / name_of(attempt)}) {
    std::error_code failed;
    fs::remove_all(place, failed);
    cleared = cleared && !failed;
  }
  return cleared;
}

}  // namespace espalier::agent
