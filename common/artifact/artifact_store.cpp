#include "common/artifact/artifact_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace espalier::artifact {

std::filesystem::path stored_path(const std::filesystem::path& folder, const ContentHash& hash) {
  ESPALIER_ASSERT(is_sha256_hex(hash.value));
  return folder / hash.value.substr(0, 2) / hash.value.substr(2);
}

namespace {

constexpr const char* kIncoming = "incoming";
constexpr const char* kPartial = ".part";
constexpr std::size_t kPiece = std::size_t{1} << 20;
// Fresh bytes written a megabyte at once took about twice as long as a quarter of one, on ext4 in a virtual
// machine; the cause wasn't found.
constexpr std::size_t kWrittenAtOnce = std::size_t{256} << 10;

Error disk_error(const std::filesystem::path& path, const std::string& what, int reason) {
  if (reason == ENOSPC || reason == EDQUOT)
    return {ErrorKind::unavailable, "the disk that holds " + path.string() + " is full",
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

Result<void> make_folder(const std::filesystem::path& folder, Durability durability) {
  std::error_code failed;
  const bool made = std::filesystem::create_directory(folder, failed);
  if (failed) return disk_error(folder, "can't be made", failed.value());
  return made && durability == Durability::power_cut ? sync_folder(folder.parent_path()) : Result<void>{};
}

std::filesystem::path partial_path(const std::filesystem::path& folder, const std::string& hash) {
  return folder / kIncoming / (hash + kPartial);
}

// Gives a finished file the name of its bytes.
Result<void> give_name(const std::filesystem::path& folder, const std::filesystem::path& file,
                       const ContentHash& hash, Durability durability) {
  const auto path = stored_path(folder, hash);
  if (auto made = make_folder(path.parent_path(), durability); !made) return made.error();
  // Whoever else stores the same hash stores the same bytes: the later rename changes nothing.
  if (::rename(file.c_str(), path.c_str()) != 0) return disk_error(path, "can't be written", errno);
  return durability == Durability::power_cut ? sync_folder(path.parent_path()) : Result<void>{};
}

// All of the file, piece by piece, to `use`.
template <class Use>
Result<void> read_all(int file, const std::filesystem::path& path, Use use) {
  std::vector<std::byte> buffer(kPiece);
  while (true) {
    const auto got = ::read(file, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return disk_error(path, "can't be read", errno);
    if (got == 0) return {};
    if (auto used = use(std::span(buffer).first(static_cast<std::size_t>(got))); !used) return used;
  }
}

bool may_be_gone_on_with(const std::filesystem::directory_entry& entry) {
  std::error_code unknown;
  const auto written = entry.last_write_time(unknown);
  return !unknown && entry.path().extension() == kPartial &&
         std::filesystem::file_time_type::clock::now() - written < kPartialsAreKept;
}

}  // namespace

struct PartialUploads {
  std::mutex mutex;
  std::set<std::string> under_way;  // their hashes
};

namespace {

// The right to write an artifact's partial file.
class Claim {
 public:
  Claim() = default;
  Claim(std::shared_ptr<PartialUploads> partials, std::string hash)
      : partials_(std::move(partials)), hash_(std::move(hash)) {}
  Claim(Claim&&) noexcept = default;
  Claim& operator=(Claim&&) = delete;
  ~Claim() {
    if (!partials_) return;
    const std::lock_guard lock(partials_->mutex);
    partials_->under_way.erase(hash_);
  }

 private:
  std::shared_ptr<PartialUploads> partials_;  // shared: an upload may outlive the store it came from
  std::string hash_;
};

}  // namespace

struct Upload::State {
  explicit State(Claim claimed) : claim(std::move(claimed)) {}

  // Destroyed last: until the file is gone or closed, nobody else may touch it.
  Claim claim;
  std::filesystem::path folder;
  std::filesystem::path temporary;
  Durability durability = Durability::power_cut;
  bool stays = false;  // if it is dropped unfinished
  Descriptor file;
  Sha256 hash;
  std::int64_t bytes = 0;

  ~State() {
    if (!temporary.empty() && (!stays || bytes == 0)) ::unlink(temporary.c_str());
  }
};

Upload::Upload(std::unique_ptr<State> state) : state_(std::move(state)) {}
Upload::Upload(Upload&&) noexcept = default;
Upload& Upload::operator=(Upload&&) noexcept = default;
Upload::~Upload() = default;

std::int64_t Upload::bytes() const {
  return state_ ? state_->bytes : 0;
}

void Upload::hash(std::span<const std::byte> bytes) {
  ESPALIER_ASSERT(state_ != nullptr);
  state_->hash.update(bytes);
}

Result<void> Upload::append(std::span<const std::byte> bytes) {
  ESPALIER_ASSERT(state_ != nullptr);
  while (!bytes.empty()) {
    const auto written = ::write(state_->file.number(), bytes.data(), std::min(bytes.size(), kWrittenAtOnce));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      state_->stays = false;  // half of a file helps nobody on a full or broken disk
      return disk_error(state_->folder, "can't be written", errno);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    state_->bytes += written;
  }
  return {};
}

Result<void> Upload::write(std::span<const std::byte> bytes) {
  hash(bytes);
  return append(bytes);
}

Result<void> Upload::start_again() {
  ESPALIER_ASSERT(state_ != nullptr);
  state_->hash = Sha256();
  state_->bytes = 0;
  if (::ftruncate(state_->file.number(), 0) != 0 || ::lseek(state_->file.number(), 0, SEEK_SET) != 0)
    return disk_error(state_->folder, "can't be written", errno);
  return {};
}

Result<ContentHash> Upload::finish(const std::optional<ContentHash>& expected) {
  ESPALIER_ASSERT(state_ != nullptr);
  const auto state = std::move(state_);
  state->stays = false;
  ContentHash hash{state->hash.hex()};
  if (expected && *expected != hash)
    return Error{ErrorKind::usage,
                 "the bytes of artifact " + expected->value + " hash to " + hash.value + " and were dropped",
                 "send the file again"};
  if (state->durability == Durability::power_cut && ::fsync(state->file.number()) != 0)
    return disk_error(state->folder, "can't be synced", errno);
  if (auto named = give_name(state->folder, state->temporary, hash, state->durability); !named)
    return named.error();
  state->temporary.clear();
  return hash;
}

ArtifactStore::ArtifactStore(std::filesystem::path folder, Durability durability)
    : folder_(std::move(folder)), durability_(durability), partials_(std::make_shared<PartialUploads>()) {}

Result<ArtifactStore> ArtifactStore::open(std::filesystem::path folder, Durability durability) {
  std::error_code failed;
  folder = std::filesystem::absolute(folder, failed);
  std::filesystem::create_directories(folder / kIncoming, failed);
  if (failed) return disk_error(folder, "can't be made", failed.value());
  for (std::filesystem::directory_iterator entry(folder / kIncoming, failed), end; !failed && entry != end;
       entry.increment(failed))
    if (!may_be_gone_on_with(*entry)) std::filesystem::remove_all(entry->path(), failed);
  if (failed) return disk_error(folder, "can't be cleared of half-written files", failed.value());
  if (::access(folder.c_str(), W_OK | X_OK) != 0) return disk_error(folder, "can't be written", errno);
  return ArtifactStore(std::move(folder), durability);
}

std::filesystem::path ArtifactStore::path_of(const ContentHash& hash) const {
  return stored_path(folder_, hash);
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
  auto state = std::make_unique<Upload::State>(Claim());
  state->folder = folder_;
  state->temporary = std::move(name);
  state->durability = durability_;
  ::fchmod(file.number(), 0644);
  state->file = std::move(file);
  return Upload(std::move(state));
}

Result<Upload> ArtifactStore::resume(const ContentHash& expected, From from) {
  ESPALIER_ASSERT(is_sha256_hex(expected.value));
  {
    const std::lock_guard lock(partials_->mutex);
    if (!partials_->under_way.insert(expected.value).second) return begin();
  }
  auto state = std::make_unique<Upload::State>(Claim(partials_, expected.value));
  state->folder = folder_;
  const auto path = partial_path(folder_, expected.value);
  const int start_anew = from == From::start ? O_TRUNC : 0;
  state->file = Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | start_anew, 0644));
  if (!state->file.is_open()) return disk_error(folder_, "can't be written", errno);
  state->temporary = path;
  state->durability = durability_;
  state->stays = true;
  if (from == From::start) return Upload(std::move(state));
  const auto read = read_all(state->file.number(), path, [&](std::span<const std::byte> bytes) {
    state->hash.update(bytes);
    state->bytes += static_cast<std::int64_t>(bytes.size());
    return Result<void>{};
  });
  if (!read) {
    state->stays = false;
    return read.error();
  }
  return Upload(std::move(state));
}

std::int64_t ArtifactStore::partial_bytes(const ContentHash& expected) const {
  if (!is_sha256_hex(expected.value)) return 0;
  std::error_code absent;
  const auto size = std::filesystem::file_size(partial_path(folder_, expected.value), absent);
  return absent ? 0 : static_cast<std::int64_t>(size);
}

bool ArtifactStore::touch(const ContentHash& hash) {
  if (!is_sha256_hex(hash.value)) return false;
  const std::lock_guard lock(partials_->mutex);
  std::error_code absent;
  std::filesystem::last_write_time(path_of(hash), StoredFile::Time::clock::now(), absent);
  return !absent;
}

std::vector<StoredFile> ArtifactStore::files_older_than(StoredFile::Time time) const {
  std::vector<StoredFile> found;
  std::error_code gone;  // while we looked: then it needs no listing either
  for (std::filesystem::directory_iterator folder(folder_, gone), end; !gone && folder != end;
       folder.increment(gone)) {
    const auto first = folder->path().filename().string();
    if (first.size() != 2) continue;
    for (const auto& file : std::filesystem::directory_iterator(folder->path(), gone)) {
      ContentHash hash{first + file.path().filename().string()};
      const auto written = file.last_write_time(gone);
      if (gone || !is_sha256_hex(hash.value) || written >= time) continue;
      found.push_back({std::move(hash), static_cast<std::int64_t>(file.file_size(gone))});
    }
  }
  return found;
}

bool ArtifactStore::remove_if_older_than(const ContentHash& hash, StoredFile::Time time) {
  const std::lock_guard lock(partials_->mutex);
  std::error_code absent;
  const auto written = std::filesystem::last_write_time(path_of(hash), absent);
  return !absent && written < time && std::filesystem::remove(path_of(hash), absent);
}

std::vector<std::int64_t> ArtifactStore::remove_partials_older_than(StoredFile::Time time, bool only_say) {
  std::vector<std::int64_t> sizes;
  const std::lock_guard lock(partials_->mutex);
  std::error_code gone;
  for (const auto& file : std::filesystem::directory_iterator(folder_ / kIncoming, gone)) {
    if (partials_->under_way.contains(file.path().stem().string())) continue;
    const auto written = file.last_write_time(gone);
    if (gone || written >= time || file.path().extension() != kPartial) continue;
    sizes.push_back(static_cast<std::int64_t>(file.file_size(gone)));
    if (!only_say) std::filesystem::remove(file.path(), gone);
  }
  return sizes;
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
  const auto copied =
      read_all(source.number(), file, [&](std::span<const std::byte> bytes) { return upload->write(bytes); });
  if (!copied) return copied.error();
  return upload->finish();
}

Result<ContentHash> ArtifactStore::take(const std::filesystem::path& file) {
  const Descriptor source(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!source.is_open()) return put(file);
  Sha256 hash;
  const auto read = read_all(source.number(), file, [&](std::span<const std::byte> bytes) {
    hash.update(bytes);
    return Result<void>{};
  });
  if (!read) return read.error();
  if (durability_ == Durability::power_cut && ::fsync(source.number()) != 0)
    return disk_error(file, "can't be synced", errno);
  const ContentHash name{hash.hex()};
  if (give_name(folder_, file, name, durability_)) return name;
  auto copied = put(file);  // another disk
  std::error_code ignored;
  if (copied) std::filesystem::remove(file, ignored);
  return copied;
}

}  // namespace espalier::artifact
