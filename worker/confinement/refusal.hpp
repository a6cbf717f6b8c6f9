// Why the kernel didn't do as it was asked, by errno.
#pragma once

#include <cerrno>
#include <cstring>
#include <string>

#include "common/base/result.hpp"

namespace espalier::confinement {

inline Error refusal(const std::string& what) {
  return {ErrorKind::failed, what + ": " + std::strerror(errno), ""};
}

}  // namespace espalier::confinement
