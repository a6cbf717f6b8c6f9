// Bytes of a file into a connection; into a plain one without passing through this process.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>

#include "common/base/result.hpp"
#include "common/net/stream.hpp"

namespace espalier::net {

class OpenFile {  // for reading; blocking calls
 public:
  explicit OpenFile(const std::filesystem::path& path);
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile();
  [[nodiscard]] bool good() const { return size_ >= 0; }  // a regular file that can be read
  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
  std::int64_t size_ = -1;
};

struct FileRange {
  std::int64_t first = 0;
  std::int64_t length = 0;
};

// Reads the disk on `threads`, which must not be the loop's (their SIGPIPE is blocked for good). `stalled`:
// how long the peer may take nothing. Errors of the connection are the code, timed_out for a stalled peer; a
// file that became shorter is `eof`.
boost::asio::awaitable<boost::system::error_code> send_file(Stream& stream, const OpenFile& file,
                                                            FileRange range,
                                                            boost::asio::any_io_executor threads,
                                                            std::chrono::milliseconds stalled);

}  // namespace espalier::net
