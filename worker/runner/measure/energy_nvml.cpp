// NVIDIA's management library, without its headers: the few functions of it that count are declared here
// (NVML API reference, "Device Queries").
#include <dlfcn.h>

#include <utility>

#include "worker/runner/measure/energy.hpp"
#include "worker/runner/measure/sampled_power.hpp"

namespace espalier::runner {
namespace {

using NvmlDevice = void*;
constexpr int kNvmlSuccess = 0;

// The library as far as it is used; shut down and closed with its last user.
class Nvml {
 public:
  static std::unique_ptr<Nvml> open(const std::string& library) {
    std::unique_ptr<Nvml> nvml(new Nvml(::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL)));
    if (nvml->library_ == nullptr || !nvml->find_functions()) return nullptr;
    nvml->is_up_ = nvml->init_() == kNvmlSuccess;
    return nvml->is_up_ ? std::move(nvml) : nullptr;
  }
  ~Nvml() {
    if (is_up_) shutdown_();
    if (library_ != nullptr) ::dlclose(library_);
  }
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  std::optional<NvmlDevice> device(unsigned number) {
    NvmlDevice device = nullptr;
    return device_(number, &device) == kNvmlSuccess ? std::optional(device) : std::nullopt;
  }
  std::optional<double> joules(NvmlDevice device) {
    unsigned long long millijoules = 0;
    if (energy_ == nullptr || energy_(device, &millijoules) != kNvmlSuccess) return std::nullopt;
    return static_cast<double>(millijoules) * 1e-3;
  }
  std::optional<double> watts(NvmlDevice device) {
    unsigned milliwatts = 0;
    if (power_ == nullptr || power_(device, &milliwatts) != kNvmlSuccess) return std::nullopt;
    return milliwatts * 1e-3;
  }

 private:
  explicit Nvml(void* library) : library_(library) {}

  template <class Function>
  bool find(const char* name, Function* function) {
    *function = reinterpret_cast<Function>(::dlsym(library_, name));
    return *function != nullptr;
  }
  bool find_functions() {
    find("nvmlDeviceGetTotalEnergyConsumption", &energy_);
    find("nvmlDeviceGetPowerUsage", &power_);
    return find("nvmlInit_v2", &init_) && find("nvmlShutdown", &shutdown_) &&
           find("nvmlDeviceGetHandleByIndex_v2", &device_);
  }

  void* library_ = nullptr;
  bool is_up_ = false;
  int (*init_)() = nullptr;
  int (*shutdown_)() = nullptr;
  int (*device_)(unsigned, NvmlDevice*) = nullptr;
  int (*energy_)(NvmlDevice, unsigned long long*) = nullptr;
  int (*power_)(NvmlDevice, unsigned*) = nullptr;
};

class NvmlMeter : public EnergyMeter {
 public:
  NvmlMeter(std::unique_ptr<Nvml> nvml, NvmlDevice device) : nvml_(std::move(nvml)), device_(device) {
    if (!nvml_->joules(device_)) power_.emplace([this] { return nvml_->watts(device_); });
  }
  [[nodiscard]] std::string name() const override { return "nvml"; }
  std::optional<double> joules() override { return power_ ? power_->joules() : nvml_->joules(device_); }

 private:
  std::unique_ptr<Nvml> nvml_;
  NvmlDevice device_;
  std::optional<SampledPower> power_;  // last: its thread asks the library
};

}  // namespace

std::unique_ptr<EnergyMeter> nvml_meter(unsigned gpu, const std::string& library) {
  auto nvml = Nvml::open(library);
  const auto device = nvml ? nvml->device(gpu) : std::nullopt;
  if (!device) return nullptr;
  auto meter = std::make_unique<NvmlMeter>(std::move(nvml), *device);
  if (!meter->joules()) return nullptr;
  return meter;
}

}  // namespace espalier::runner
