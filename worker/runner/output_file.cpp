#include "worker/runner/output_file.hpp"

#include <stdexcept>

#include "common/base/files.hpp"

namespace espalier::runner {

void write_output(const std::filesystem::path& path, std::string_view bytes) {
  const auto written = write_file_atomically(path, bytes);
  if (!written) throw std::runtime_error(written.error().message);
}

}  // namespace espalier::runner
