#include "common/base/secret.hpp"

#include <sys/random.h>
#include <sys/stat.h>

#include <array>

#include "common/base/files.hpp"

namespace espalier {

std::string random_secret() {
  std::array<unsigned char, 32> bytes{};
  ESPALIER_ASSERT(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const auto byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Result<std::string> read_secret_file(const std::filesystem::path& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0)
    return Error{ErrorKind::not_found, path.string() + " can't be read", "is it there, and may you read it?"};
  if (S_ISREG(facts.st_mode) && (facts.st_mode & (S_IRWXO | S_IWGRP)) != 0)
    return Error{ErrorKind::usage, "others may read or change " + path.string() + ", which holds a secret",
                 "chmod 600 " + path.string()};
  return read_file(path);
}

}  // namespace espalier
