#include "worker/runner/data/data_file.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include "common/base/result.hpp"

namespace espalier::runner {

void broken_file(const std::filesystem::path& file, std::int64_t offset, const std::string& what,
                 const std::string& help) {
  throw ErrorException(Error{
      ErrorKind::failed, file.string() + " is broken at byte " + std::to_string(offset) + ": " + what, help});
}

void unreadable_file(const std::filesystem::path& file, int code) {
  throw ErrorException(Error{
      code == ENOENT ? ErrorKind::missing_dependency : ErrorKind::failed,
      file.string() + " can't be read: " + std::generic_category().message(code),
      code == ENOENT ? "put it there, or correct data.path"
                     : "check its permissions, and that it is no link to a place outside of data.path"});
}

DataFile::DataFile(std::filesystem::path path) : path_(std::move(path)) {
  std::error_code failure;
  const auto status = std::filesystem::status(path_, failure);
  if (failure && !std::filesystem::exists(status)) unreadable_file(path_, failure.value());
  if (!std::filesystem::exists(status)) unreadable_file(path_, ENOENT);
  if (!std::filesystem::is_regular_file(status))
    throw ErrorException(Error{ErrorKind::failed, path_.string() + " is not a file", "correct data.path"});
  file_.reset(std::fopen(path_.c_str(), "rb"));
  if (!file_) unreadable_file(path_, errno);
  size_ = static_cast<std::int64_t>(std::filesystem::file_size(path_, failure));
  if (failure) unreadable_file(path_, failure.value());
}

void DataFile::read(void* out, std::int64_t count, const std::string& what) {
  const auto got = std::fread(out, 1, static_cast<std::size_t>(count), file_.get());
  offset_ += static_cast<std::int64_t>(got);
  if (static_cast<std::int64_t>(got) == count) return;
  if (std::ferror(file_.get()) != 0) unreadable_file(path_, errno);
  broken_file(path_, offset_, "it ends inside its " + what);
}

void DataFile::go_to(std::int64_t offset) {
  if (fseeko(file_.get(), offset, SEEK_SET) != 0) unreadable_file(path_, errno);
  offset_ = offset;
}

std::vector<std::uint8_t> read_whole_file(const std::filesystem::path& path, std::int64_t most) {
  DataFile file(path);
  if (file.size() > most) broken_file(path, most, "it is larger than " + std::to_string(most >> 20) + " MiB");
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(file.size()));
  file.read(bytes.data(), file.size(), "bytes");
  return bytes;
}

}  // namespace espalier::runner
