#include "worker/runner/data/idx.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "common/base/result.hpp"
#include "worker/runner/data/data_file.hpp"

namespace espalier::runner {
namespace {

constexpr std::int64_t kMostBytes = std::int64_t{64} << 30;

// gzread passes bytes of a file that isn't compressed through as they are.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& stem) : path_(stem) {
    if (!std::filesystem::exists(path_)) path_ += ".gz";
    file_.reset(gzopen(path_.c_str(), "rb"));
    if (!file_)
      throw ErrorException(Error{ErrorKind::missing_dependency,
                                 "neither " + stem.string() + " nor " + path_.string() + " can be read",
                                 "install the data set's package, or correct data.path"});
    gzbuffer(file_.get(), 1 << 18);
  }

  void read(std::uint8_t* out, std::int64_t count, const char* what) {
    while (count > 0) {
      const auto wanted = static_cast<unsigned>(std::min<std::int64_t>(count, 1 << 24));
      const int got = gzread(file_.get(), out, wanted);
      if (got < 0) {
        int code = 0;
        broken_file(path_, offset_, gzerror(file_.get(), &code));
      }
      if (got == 0) broken_file(path_, offset_, std::string("it ends inside its ") + what);
      offset_ += got;
      out += got;
      count -= got;
    }
  }

  void expect_end() {
    std::uint8_t extra = 0;
    const int got = gzread(file_.get(), &extra, 1);
    if (got > 0) broken_file(path_, offset_, "more bytes follow than its header says");
    int code = 0;
    if (const char* text = gzerror(file_.get(), &code); got < 0 || (code != Z_OK && code != Z_STREAM_END))
      broken_file(path_, offset_, text);
  }

  std::vector<std::int64_t> header(std::size_t dimensions) {
    std::array<std::uint8_t, 4> magic{};
    read(magic.data(), 4, "header");
    if (magic[0] != 0 || magic[1] != 0 || magic[2] != 8 || magic[3] != dimensions)
      broken_file(path_, 0, "not an IDX file of bytes with " + std::to_string(dimensions) + " dimensions");
    std::vector<std::int64_t> sizes;
    std::int64_t total = 1;
    for (std::size_t dimension = 0; dimension < dimensions; ++dimension) {
      std::array<std::uint8_t, 4> size{};
      read(size.data(), 4, "header");
      sizes.push_back((std::int64_t{size[0]} << 24) | (size[1] << 16) | (size[2] << 8) | size[3]);
      if (sizes.back() == 0 || sizes.back() > kMostBytes / total)
        broken_file(path_, offset_ - 4, "a dimension of " + std::to_string(sizes.back()));
      total *= sizes.back();
    }
    return sizes;
  }

  // An image file of an impossible size must not make us allocate it before its end is seen.
  std::vector<std::uint8_t> body(std::int64_t count) {
    std::vector<std::uint8_t> bytes;
    constexpr std::int64_t kChunk = 1 << 24;
    while (count > 0) {
      const auto part = std::min(count, kChunk);
      bytes.resize(bytes.size() + static_cast<std::size_t>(part));
      read(bytes.data() + bytes.size() - part, part, "data");
      count -= part;
    }
    return bytes;
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  struct Close {
    void operator()(gzFile_s* file) const { gzclose(file); }
  };
  std::filesystem::path path_;
  std::unique_ptr<gzFile_s, Close> file_;
  std::int64_t offset_ = 0;
};

}  // namespace

IdxArray read_idx(const std::filesystem::path& stem, std::size_t dimensions) {
  Reader reader(stem);
  IdxArray array{reader.header(dimensions), {}};
  std::int64_t total = 1;
  for (const auto size : array.dimensions) total *= size;
  array.bytes = reader.body(total);
  reader.expect_end();
  return array;
}

std::vector<std::int64_t> read_idx_header(const std::filesystem::path& stem, std::size_t dimensions) {
  return Reader(stem).header(dimensions);
}

IdxSplit read_idx_split(const std::filesystem::path& folder, const char* prefix) {
  const auto labels_file = folder / (std::string(prefix) + "-labels-idx1-ubyte");
  IdxSplit split{read_idx(folder / (std::string(prefix) + "-images-idx3-ubyte"), 3),
                 read_idx(labels_file, 1)};
  if (split.images.dimensions[0] != split.labels.dimensions[0])
    broken_file(labels_file, 4,
                std::to_string(split.labels.dimensions[0]) + " labels for " +
                    std::to_string(split.images.dimensions[0]) + " images");
  return split;
}

}  // namespace espalier::runner
