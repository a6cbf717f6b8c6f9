// Energy as the kernel's files tell it: RAPL and INA3221.
#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "worker/runner/measure/energy.hpp"
#include "worker/runner/measure/sampled_power.hpp"

namespace espalier::runner {
namespace {

namespace fs = std::filesystem;

std::optional<double> number_in(const fs::path& file) {
  std::ifstream in(file);
  double value = 0;
  if (in >> value) return value;
  return std::nullopt;
}

std::string word_in(const fs::path& file) {
  std::ifstream in(file);
  std::string word;
  in >> word;
  return word;
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::error_code missing;
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(folder, missing)) entries.push_back(entry.path());
  std::sort(entries.begin(), entries.end());
  return entries;
}

struct RaplPackage {
  fs::path counter;
  double range_uj = 0;  // where it begins again
  double last_uj = 0;
};

class RaplMeter : public EnergyMeter {
 public:
  explicit RaplMeter(std::vector<RaplPackage> packages) : packages_(std::move(packages)) {}
  [[nodiscard]] std::string name() const override { return "rapl"; }

  std::optional<double> joules() override {
    for (auto& package : packages_) {
      const auto now = number_in(package.counter);
      if (!now) return std::nullopt;
      joules_ += (*now - package.last_uj + (*now < package.last_uj ? package.range_uj : 0)) * 1e-6;
      package.last_uj = *now;
    }
    return joules_;
  }

 private:
  std::vector<RaplPackage> packages_;
  double joules_ = 0;
};

// Millivolts and milliamperes.
struct Rail {
  std::string label;
  fs::path voltage, current;

  [[nodiscard]] std::optional<double> watts() const {
    const auto mv = number_in(voltage);
    const auto ma = number_in(current);
    if (!mv || !ma) return std::nullopt;
    return *mv * *ma * 1e-6;
  }
};

std::vector<Rail> rails_of(const fs::path& monitor) {
  constexpr int kChannels = 3;
  std::vector<Rail> rails;
  for (int channel = 1; channel <= kChannels; ++channel) {
    const auto number = std::to_string(channel);
    Rail rail{word_in(monitor / ("in" + number + "_label")), monitor / ("in" + number + "_input"),
              monitor / ("curr" + number + "_input")};
    // A channel that nothing is connected to has no label.
    if (!rail.label.empty() && rail.watts()) rails.push_back(std::move(rail));
  }
  return rails;
}

// Names that boards give the rail that all others hang on.
bool feeds_the_board(const Rail& rail) {
  return rail.label == "VDD_IN" || rail.label == "POM_5V_IN";
}

class Ina3221Meter : public EnergyMeter {
 public:
  explicit Ina3221Meter(std::vector<Rail> rails)
      : power_([rails = std::move(rails)] { return sum(rails); }) {}
  [[nodiscard]] std::string name() const override { return "ina3221"; }
  std::optional<double> joules() override { return power_.joules(); }

 private:
  static std::optional<double> sum(const std::vector<Rail>& rails) {
    double total = 0;
    for (const auto& rail : rails) {
      const auto watts = rail.watts();
      if (!watts) return std::nullopt;
      total += *watts;
    }
    return total;
  }

  SampledPower power_;
};

}  // namespace

std::unique_ptr<EnergyMeter> rapl_meter(const fs::path& root) {
  std::vector<RaplPackage> packages;
  for (const auto& zone : entries_of(root / "class/powercap")) {
    // Sub-zones (core, dram) are named intel-rapl:0:1 and are part of their package.
    const auto name = zone.filename().string();
    if (!name.starts_with("intel-rapl:") || std::count(name.begin(), name.end(), ':') != 1) continue;
    const auto now = number_in(zone / "energy_uj");
    if (now)
      packages.push_back({zone / "energy_uj", number_in(zone / "max_energy_range_uj").value_or(0), *now});
  }
  if (packages.empty()) return nullptr;
  return std::make_unique<RaplMeter>(std::move(packages));
}

std::unique_ptr<EnergyMeter> ina3221_meter(const fs::path& root) {
  std::vector<Rail> rails;
  for (const auto& monitor : entries_of(root / "class/hwmon")) {
    if (word_in(monitor / "name") != "ina3221") continue;
    for (auto& rail : rails_of(monitor)) rails.push_back(std::move(rail));
  }
  if (rails.empty()) return nullptr;
  if (const auto feed = std::find_if(rails.begin(), rails.end(), feeds_the_board); feed != rails.end())
    rails = std::vector<Rail>{*feed};
  return std::make_unique<Ina3221Meter>(std::move(rails));
}

std::unique_ptr<EnergyMeter> energy_meter_of(const std::string& device) {
  if (device == "cuda") return nvml_meter();
  if (auto packages = rapl_meter()) return packages;
  return ina3221_meter();
}

}  // namespace espalier::runner
