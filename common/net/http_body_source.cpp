#include "common/net/http_body_source.hpp"

#include <algorithm>
#include <utility>

namespace espalier::net {

HttpBodySource HttpBodySource::text(std::string bytes) {
  HttpBodySource source;
  source.size_ = bytes.size();
  source.text_ = std::move(bytes);
  return source;
}

Result<HttpBodySource> HttpBodySource::file(std::filesystem::path path) {
  std::error_code failed;
  HttpBodySource source;
  source.size_ = std::filesystem::file_size(path, failed);
  if (failed) return Error{ErrorKind::not_found, path.string() + " can't be read: " + failed.message(), ""};
  source.path_ = std::move(path);
  return source;
}

Result<HttpBodySource::Reader> HttpBodySource::open() const {
  Reader reader;
  reader.left_ = size_;
  reader.text_ = text_;
  if (path_.empty()) return reader;
  reader.path_ = path_.string();
  reader.file_.open(path_, std::ios::binary);
  if (!reader.file_) return Error{ErrorKind::not_found, reader.path_ + " can't be read", ""};
  return reader;
}

Result<std::size_t> HttpBodySource::Reader::read(std::span<char> piece) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left_, piece.size()));
  if (wanted == 0) return std::size_t{0};
  if (path_.empty()) {
    text_.copy(piece.data(), wanted);
    text_.remove_prefix(wanted);
  } else if (!file_.read(piece.data(), static_cast<std::streamsize>(wanted))) {
    return Error{ErrorKind::failed, path_ + " became shorter while it was sent", ""};
  }
  left_ -= wanted;
  return wanted;
}

}  // namespace espalier::net
