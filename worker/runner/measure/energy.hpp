// What a machine says about its own energy. One reader a source, one interface; null where no source is.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace espalier::runner {

class EnergyMeter {
 public:
  virtual ~EnergyMeter() = default;
  [[nodiscard]] virtual std::string name() const = 0;  // "rapl", "nvml", "ina3221"
  // Joules since some moment, never falling; unset if the source doesn't answer (any more).
  virtual std::optional<double> joules() = 0;
};

// All CPU packages by the kernel's RAPL counters, under ROOT/class/powercap. nullptr without a readable one.
std::unique_ptr<EnergyMeter> rapl_meter(const std::filesystem::path& root = "/sys");

// A whole board of NVIDIA's Jetson family by its INA3221 monitors, under ROOT/class/hwmon: the rail that
// feeds the others where it is labelled as such, else the sum of all. They tell power, which is read a
// hundred times a second by a thread that lives as long as the meter. nullptr without one.
std::unique_ptr<EnergyMeter> ina3221_meter(const std::filesystem::path& root = "/sys");

// The GPU of that number, by NVIDIA's management library, opened when first asked for: its counter of energy
// or, on GPUs without one, its power, read a hundred times a second. nullptr without library or GPU.
std::unique_ptr<EnergyMeter> nvml_meter(unsigned gpu = 0, const std::string& library = "libnvidia-ml.so.1");

// The one that covers what a net on this device uses ("cpu": RAPL, else the board; "cuda": the GPU).
std::unique_ptr<EnergyMeter> energy_meter_of(const std::string& device);

}  // namespace espalier::runner
