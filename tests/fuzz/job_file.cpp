// A job file of any bytes, in a world where every file exists: it is planned, or it is refused with reasons
// that point into it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/base/hash.hpp"
#include "common/job/plan.hpp"

namespace {

const espalier::job::Surroundings& harmless() {
  using espalier::ContentHash;
  using espalier::Result;
  static const espalier::job::Surroundings surroundings{
      [](const std::string& path) -> Result<ContentHash> { return ContentHash{espalier::sha256_hex(path)}; },
      [](const std::string& path) -> Result<std::string> { return espalier::sha256_hex(path); },
      {},
      {}};
  return surroundings;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto planned = espalier::job::plan_job(text, harmless());
  if (planned.plan.has_value() != planned.errors.empty()) std::abort();
  for (const auto& error : planned.errors)
    if (error.message.empty() || error.line < 0 || error.column < 0) std::abort();
  if (!planned.errors.empty()) (void)espalier::job::render(planned.errors, "job.toml", text);
  if (!planned.plan) return 0;
  for (const auto& trial : planned.plan->trials)
    for (const auto& task : trial.tasks)
      if (task.task >= planned.plan->tasks.size()) std::abort();
  return 0;
}
