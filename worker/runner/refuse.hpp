// How a task says that what it was asked for can't be done: an error of the user's, never tried again.
#pragma once

#include <string>
#include <utility>

#include "common/base/result.hpp"

namespace espalier::runner {

[[noreturn]] inline void refuse(std::string message, std::string help) {
  throw ErrorException({ErrorKind::invalid_job, std::move(message), std::move(help)});
}

}  // namespace espalier::runner
