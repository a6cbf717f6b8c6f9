#include "common/artifact/artifact_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace espalier::artifact {
namespace {

constexpr const char* kIncoming = "incoming";

Error disk_error(const std::filesystem::path& path, const std::string& what, int reason) {
  if (reason == ENOSPC || reason == EDQUOT)
    return {ErrorKind::failed, "the disk that holds " + path.string() + " is full",
            "free some space and try again"};
  return {ErrorKind::failed, path.string() + " " + what + ": " + std::strerror(reason), ""};
}

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }

 private:
  int number_;
};

// A new name survives a power cut only once its folder is synced too.
Result<void> sync_folder(const std::filesystem::path& folder) {
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.is_open() || ::fsync(descriptor.number()) != 0)
    return disk_error(folder, "can't be synced", errno);
  return {};
}

Result<void> make_folder(const std::filesystem::path& folder) {
  std::error_code failed;
  const bool made = std::filesystem::create_directory(folder, failed);
  if (failed) return disk_error(folder, "can't be made", failed.value());
  return made ? sync_folder(folder.parent_path()) : Result<void>{};
}

std::filesystem::path stored_path(const std::filesystem::path& folder, const std::string& hash) {
  return folder / hash.substr(0, 2) / hash.substr(2);
}

}  // namespace

struct Upload::State {
  std::filesystem::path folder;
  std::filesystem::path temporary;
  Descriptor file;
  Sha256 hash;
  std::int64_t bytes = 0;

  ~State() {
    if (!temporary.empty()) ::unlink(temporary.c_str());
  }
};

Upload::Upload(std::unique_ptr<State> state) : state_(std::move(state)) {}
Upload::Upload(Upload&&) noexcept = default;
Upload& Upload::operator=(Upload&&) noexcept = default;
Upload::~Upload() = default;

std::int64_t Upload::bytes() const {
  return state_ ? state_->bytes : 0;
}

Result<void> Upload::write(std::span<const std::byte> bytes) {
  ESPALIER_ASSERT(state_ != nullptr);
  state_->hash.update(bytes);
  while (!bytes.empty()) {
    const auto written = ::write(state_->file.number(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return disk_error(state_->folder, "can't be written", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    state_->bytes += written;
  }
  return {};
}

Result<ContentHash> Upload::finish(const std::optional<ContentHash>& expected) {
  ESPALIER_ASSERT(state_ != nullptr);
  const auto state = std::move(state_);
  ContentHash hash{state->hash.hex()};
  if (expected && *expected != hash)
    return Error{ErrorKind::failed,
                 "the bytes of artifact " + expected->value + " hash to " + hash.value + " and were dropped",
                 "send the file again"};
  if (::fsync(state->file.number()) != 0) return disk_error(state->folder, "can't be synced", errno);
  const auto path = stored_path(state->folder, hash.value);
  if (auto made = make_folder(path.parent_path()); !made) return made.error();
  // Whoever else stores the same hash stores the same bytes: the later rename changes nothing.
  if (::rename(state->temporary.c_str(), path.c_str()) != 0)
    return disk_error(path, "can't be written", errno);
  state->temporary.clear();
  if (auto synced = sync_folder(path.parent_path()); !synced) return synced.error();
  return hash;
}

Result<ArtifactStore> ArtifactStore::open(std::filesystem::path folder) {
  std::error_code failed;
  folder = std::filesystem::absolute(folder, failed);
  std::filesystem::create_directories(folder / kIncoming, failed);
  if (failed) return disk_error(folder, "can't be made", failed.value());
  for (std::filesystem::directory_iterator entry(folder / kIncoming, failed), end; !failed && entry != end;
       entry.increment(failed))
    std::filesystem::remove_all(entry->path(), failed);
  if (failed) return disk_error(folder, "can't be cleared of half-written files", failed.value());
  if (::access(folder.c_str(), W_OK | X_OK) != 0) return disk_error(folder, "can't be written", errno);
  return ArtifactStore(std::move(folder));
}

std::filesystem::path ArtifactStore::path_of(const ContentHash& hash) const {
  ESPALIER_ASSERT(is_sha256_hex(hash.value));
  return stored_path(folder_, hash.value);
}

std::optional<std::int64_t> ArtifactStore::size_of(const ContentHash& hash) const {
  if (!is_sha256_hex(hash.value)) return std::nullopt;
  std::error_code absent;
  const auto size = std::filesystem::file_size(path_of(hash), absent);
  if (absent) return std::nullopt;
  return static_cast<std::int64_t>(size);
}

bool ArtifactStore::has(const ContentHash& hash) const {
  return size_of(hash).has_value();
}

Result<Upload> ArtifactStore::begin() {
  std::string name = (folder_ / kIncoming / "XXXXXX").string();
  Descriptor file(::mkostemp(name.data(), O_CLOEXEC));
  if (!file.is_open()) return disk_error(folder_, "can't be written", errno);
  auto state = std::make_unique<Upload::State>();
  state->folder = folder_;
  state->temporary = std::move(name);
  ::fchmod(file.number(), 0644);
  state->file = std::move(file);
  return Upload(std::move(state));
}

Result<ContentHash> ArtifactStore::put(const std::filesystem::path& file) {
  const Descriptor source(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!source.is_open()) {
    const int reason = errno;
    return Error{reason == ENOENT ? ErrorKind::not_found : ErrorKind::failed,
                 file.string() + " can't be read: " + std::strerror(reason), ""};
  }
  auto upload = begin();
  if (!upload) return upload.error();
  std::vector<std::byte> buffer(std::size_t{1} << 20);
  while (true) {
    const auto got = ::read(source.number(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return disk_error(file, "can't be read", errno);
    if (got == 0) return upload->finish();
    auto written = upload->write(std::span(buffer).first(static_cast<std::size_t>(got)));
    if (!written) return written.error();
  }
}

}  // namespace espalier::artifact
