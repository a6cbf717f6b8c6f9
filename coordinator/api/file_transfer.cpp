#include "coordinator/api/file_transfer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

#include "coordinator/api/byte_range.hpp"

namespace espalier::api {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kPiece = 512 * 1024;

class OpenFile {
 public:
  explicit OpenFile(const std::filesystem::path& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat facts {};
    if (descriptor_ >= 0 && ::fstat(descriptor_, &facts) == 0 && S_ISREG(facts.st_mode))
      size_ = facts.st_size;
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] bool good() const { return size_ >= 0; }
  [[nodiscard]] std::int64_t size() const { return size_; }
  std::size_t read(std::int64_t from, std::string* piece, std::size_t bytes) const {
    const auto got = ::pread(descriptor_, piece->data(), bytes, from);
    return got < 0 ? 0 : static_cast<std::size_t>(got);
  }

 private:
  int descriptor_;
  std::int64_t size_ = -1;
};

asio::awaitable<std::unique_ptr<OpenFile>> open_file(std::filesystem::path path) {
  co_return std::make_unique<OpenFile>(path);
}

asio::awaitable<std::size_t> read_piece(const OpenFile* file, std::int64_t from, std::string* piece,
                                        std::size_t bytes) {
  co_return file->read(from, piece, bytes);
}

asio::awaitable<void> send_bytes(Exchange* exchange, const OpenFile* file, ByteRange range) {
  std::string piece(static_cast<std::size_t>(std::min<std::int64_t>(kPiece, range.length)), '\0');
  while (range.length > 0) {
    const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(kPiece, range.length));
    const auto got = co_await asio::co_spawn(
        exchange->services().files, read_piece(file, range.first, &piece, wanted), asio::use_awaitable);
    if (got == 0) {  // shorter than it was: the client sees that from the length we announced
      exchange->close_after();
      co_return;
    }
    const bool written = co_await exchange->write(asio::buffer(piece.data(), got));
    if (!written) co_return;
    range.first += static_cast<std::int64_t>(got);
    range.length -= static_cast<std::int64_t>(got);
  }
}

}  // namespace

asio::awaitable<void> send_file(Exchange* exchange, FileToSend file) {
  const auto open =
      co_await asio::co_spawn(exchange->services().files, open_file(file.path), asio::use_awaitable);
  if (!open->good()) {
    Error missing{ErrorKind::not_found, "there is no such file", ""};
    co_await exchange->send_error(std::move(missing));
    co_return;
  }
  auto made = exchange->response(status::ok);
  made.set(http::field::etag, file.etag);
  made.set(http::field::cache_control, file.cache_control);
  made.set(http::field::accept_ranges, "bytes");
  const auto known = exchange->header(http::field::if_none_match);
  if (known == "*" || known.find(file.etag) != std::string::npos) {
    made.result(status::not_modified);
    co_await exchange->send_header(std::move(made));
    co_return;
  }
  made.set(http::field::content_type, file.content_type);
  const auto if_range = exchange->header(http::field::if_range);
  const bool same = if_range.empty() || if_range == file.etag;
  const auto answer = choose_range(same ? exchange->header(http::field::range) : std::string(), open->size());
  const auto total = std::to_string(open->size());
  if (!answer.satisfiable) {
    made.result(status::range_not_satisfiable);
    made.set(http::field::content_range, "bytes */" + total);
    made.content_length(0);
    co_await exchange->send_header(std::move(made));
    co_return;
  }
  const auto range = answer.range.value_or(ByteRange{0, open->size()});
  if (answer.range) {
    made.result(status::partial_content);
    made.set(http::field::content_range, "bytes " + std::to_string(range.first) + "-" +
                                             std::to_string(range.first + range.length - 1) + "/" + total);
  }
  made.content_length(static_cast<std::uint64_t>(range.length));
  const bool going = co_await exchange->send_header(std::move(made));
  if (!going || exchange->head()) co_return;
  co_await send_bytes(exchange, open.get(), range);
}

}  // namespace espalier::api
