#include "coordinator/backup/tar_file.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace fs = std::filesystem;

namespace espalier::backup {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;

Error disk_error(const fs::path& path, const char* what, int reason) {
  if (reason == ENOSPC || reason == EDQUOT)
    return {ErrorKind::unavailable, "the disk that holds " + path.string() + " is full",
            "free some space, or write to another disk"};
  return {reason == ENOENT ? ErrorKind::not_found : ErrorKind::failed,
          path.string() + " " + what + ": " + std::strerror(reason), ""};
}

Error archive_error(archive* of, const fs::path& path, const char* what) {
  const char* said = archive_error_string(of);
  if (archive_errno(of) == ENOSPC || archive_errno(of) == EDQUOT) return disk_error(path, what, ENOSPC);
  return {ErrorKind::failed, path.string() + " " + what + ": " + (said != nullptr ? said : "unknown error"),
          ""};
}

Error damage(archive* of, const fs::path& path) {
  const char* said = archive_error_string(of);
  return {ErrorKind::failed,
          path.string() + " is damaged: " + (said != nullptr ? said : "it can't be read to its end"),
          "restore another backup"};
}

}  // namespace

class Descriptor {  // a part of what the header declares, and so not of this file alone
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

namespace {

using EntryPointer = std::unique_ptr<archive_entry, void (*)(archive_entry*)>;

}  // namespace

struct TarWriter::State {
  fs::path path;
  fs::path part;
  Descriptor file{-1};
  std::unique_ptr<archive, int (*)(archive*)> tar{archive_write_new(), archive_write_free};

  explicit State(fs::path target, Descriptor opened)
      : path(std::move(target)), part(path.string() + ".part"), file(std::move(opened)) {}
  ~State() {
    // What archive_write_free would still write goes to a file that is gone.
    if (!part.empty()) ::unlink(part.c_str());
  }

  Result<void> begin_entry(const std::string& name, std::int64_t bytes) {
    const EntryPointer entry(archive_entry_new(), archive_entry_free);
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0600);
    archive_entry_set_size(entry.get(), bytes);
    if (archive_write_header(tar.get(), entry.get()) != ARCHIVE_OK)
      return archive_error(tar.get(), part, "can't be written");
    return {};
  }
  Result<void> put(const void* bytes, std::size_t size) {
    if (archive_write_data(tar.get(), bytes, size) != static_cast<la_ssize_t>(size))
      return archive_error(tar.get(), part, "can't be written");
    return {};
  }
};

TarWriter::TarWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
TarWriter::TarWriter(TarWriter&&) noexcept = default;
TarWriter::~TarWriter() = default;

Result<TarWriter> TarWriter::create(const fs::path& path) {
  const auto part = path.string() + ".part";
  Descriptor file(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (file.number() < 0) return disk_error(part, "can't be written", errno);
  auto state = std::make_unique<State>(path, std::move(file));
  archive_write_set_format_pax_restricted(state->tar.get());
  if (archive_write_open_fd(state->tar.get(), state->file.number()) != ARCHIVE_OK)
    return archive_error(state->tar.get(), part, "can't be written");
  return TarWriter(std::move(state));
}

Result<void> TarWriter::add(const std::string& name, std::string_view bytes) {
  if (auto begun = state_->begin_entry(name, static_cast<std::int64_t>(bytes.size())); !begun) return begun;
  return state_->put(bytes.data(), bytes.size());
}

Result<void> TarWriter::add_file(const std::string& name, const fs::path& file, std::int64_t bytes,
                                 const Piece& seen) {
  const Descriptor source(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (source.number() < 0) return disk_error(file, "can't be read", errno);
  if (auto begun = state_->begin_entry(name, bytes); !begun) return begun;
  std::vector<std::byte> buffer(kPiece);
  for (std::int64_t left = bytes; left > 0;) {
    const auto got = ::read(source.number(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return disk_error(file, "can't be read", errno);
    if (got == 0 || got > left)
      return Error{ErrorKind::failed, file.string() + " changed its size while it was copied",
                   "run this again"};
    const auto piece = std::span<const std::byte>(buffer).first(static_cast<std::size_t>(got));
    seen(piece);
    if (auto put = state_->put(piece.data(), piece.size()); !put) return put;
    left -= got;
  }
  return {};
}

Result<void> TarWriter::finish() {
  if (archive_write_close(state_->tar.get()) != ARCHIVE_OK)
    return archive_error(state_->tar.get(), state_->part, "can't be written");
  if (::fsync(state_->file.number()) != 0) return disk_error(state_->part, "can't be synced", errno);
  if (::rename(state_->part.c_str(), state_->path.c_str()) != 0)
    return disk_error(state_->path, "can't be written", errno);
  state_->part.clear();
  const auto folder = fs::absolute(state_->path).parent_path();
  const Descriptor above(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (above.number() < 0 || ::fsync(above.number()) != 0) return disk_error(folder, "can't be synced", errno);
  return {};
}

struct TarReader::State {
  fs::path path;
  std::unique_ptr<archive, int (*)(archive*)> tar{archive_read_new(), archive_read_free};
};

TarReader::TarReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
TarReader::TarReader(TarReader&&) noexcept = default;
TarReader::~TarReader() = default;

Result<TarReader> TarReader::open(const fs::path& path) {
  std::error_code missing;
  if (!fs::is_regular_file(path, missing))
    return Error{ErrorKind::not_found, "there is no file " + path.string(), ""};
  auto state = std::make_unique<State>();
  state->path = path;
  archive_read_support_format_tar(state->tar.get());
  const bool opened = archive_read_open_filename(state->tar.get(), path.c_str(), kPiece) == ARCHIVE_OK;
  if (!opened && archive_errno(state->tar.get()) == EILSEQ)
    return Error{ErrorKind::failed, path.string() + " is no backup of Espalier",
                 "name a file that `espalier db backup` wrote"};
  if (!opened) return archive_error(state->tar.get(), path, "can't be read");
  return TarReader(std::move(state));
}

Result<std::optional<TarReader::Entry>> TarReader::next() {
  archive_entry* entry = nullptr;
  const int outcome = archive_read_next_header(state_->tar.get(), &entry);
  if (outcome == ARCHIVE_EOF) return std::optional<Entry>();
  if (outcome != ARCHIVE_OK) return damage(state_->tar.get(), state_->path);
  const char* name = archive_entry_pathname(entry);
  return std::optional<Entry>(Entry{name != nullptr ? name : "", archive_entry_size(entry)});
}

Result<void> TarReader::read(const std::function<Result<void>(std::span<const std::byte>)>& use) {
  for (;;) {
    const void* bytes = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int outcome = archive_read_data_block(state_->tar.get(), &bytes, &size, &offset);
    if (outcome == ARCHIVE_EOF) return {};
    if (outcome != ARCHIVE_OK) return damage(state_->tar.get(), state_->path);
    if (auto used = use({static_cast<const std::byte*>(bytes), size}); !used) return used;
  }
}

}  // namespace espalier::backup
