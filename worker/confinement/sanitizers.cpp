#include "worker/confinement/sanitizers.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

#include <sanitizer/common_interface_defs.h>
#include <unistd.h>

#include <cstdint>

namespace espalier::confinement {
namespace {

bool is_sealed = false;

}  // namespace

void tell_sanitizers() {
  is_sealed = true;
  __sanitizer_set_report_fd(reinterpret_cast<void*>(std::intptr_t{STDERR_FILENO}));
}

}  // namespace espalier::confinement

// LeakSanitizer asks.
extern "C" int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() {
  return espalier::confinement::is_sealed ? 1 : 0;
}

#else

namespace espalier::confinement {

void tell_sanitizers() {}

}  // namespace espalier::confinement

#endif
