// NVML as far as the runner calls it, with one GPU of 40 W. ESPALIER_FAKE_NVML=power: it has no counter of
// energy, like GPUs before Volta; =broken: the driver doesn't answer.
#include <cstdlib>
#include <string_view>

namespace {

constexpr int kSuccess = 0, kNotSupported = 3, kInvalidArgument = 2, kNoDriver = 9;
unsigned long long millijoules = 5000;

std::string_view told() {
  const char* word = std::getenv("ESPALIER_FAKE_NVML");
  return word == nullptr ? "" : word;
}

}  // namespace

extern "C" {

int nvmlInit_v2() {
  return told() == "broken" ? kNoDriver : kSuccess;
}
int nvmlShutdown() {
  return kSuccess;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned number, void** device) {
  if (number != 0) return kInvalidArgument;
  *device = &millijoules;
  return kSuccess;
}
int nvmlDeviceGetTotalEnergyConsumption(void*, unsigned long long* energy) {
  if (told() == "power") return kNotSupported;
  *energy = millijoules += 250;
  return kSuccess;
}
int nvmlDeviceGetPowerUsage(void*, unsigned* milliwatts) {
  *milliwatts = 40'000;
  return kSuccess;
}
}
