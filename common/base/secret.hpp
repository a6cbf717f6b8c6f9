// Secrets that nobody has to remember.
#pragma once

#include <string>

namespace espalier {

std::string random_secret();  // 32 bytes of the kernel's chance as 64 hex digits

}  // namespace espalier
