#include "worker/agent/attempt_log.hpp"

#include <fstream>

namespace espalier::agent {

Result<void> CopyTail::operator()() const {
  std::ifstream source(from, std::ios::binary | std::ios::ate);
  const auto size = static_cast<std::int64_t>(source.tellg());
  if (!source || size < 0)
    return Error{ErrorKind::not_found, "the log " + from.string() + " can't be read", ""};
  if (size == 0) return {};
  std::ofstream target(to, std::ios::binary | std::ios::trunc);
  const auto skipped = size > most ? size - most : 0;
  if (skipped > 0) target << "[the first " << skipped << " bytes were left out]\n";
  source.seekg(skipped);
  target << source.rdbuf();
  target.close();
  if (!target) return Error{ErrorKind::failed, "the log " + to.string() + " can't be written", ""};
  return {};
}

}  // namespace espalier::agent
