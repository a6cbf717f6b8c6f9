// A request's body, readable from its start as often as the request has to be sent. Private to this folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace espalier::net {

class HttpBodySource {
 public:
  class Reader {
   public:
    // Fills `piece` as far as there are bytes; 0 at the end. An error if a file became shorter meanwhile.
    Result<std::size_t> read(std::span<char> piece);

   private:
    friend class HttpBodySource;
    std::string_view text_;
    std::ifstream file_;
    std::string path_;
    std::uint64_t left_ = 0;
  };

  static HttpBodySource text(std::string bytes);
  static Result<HttpBodySource> file(std::filesystem::path path);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] Result<Reader> open() const;  // reads from this source, which has to outlive it

 private:
  std::string text_;
  std::filesystem::path path_;  // empty: the text
  std::uint64_t size_ = 0;
};

}  // namespace espalier::net
