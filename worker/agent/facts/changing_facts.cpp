#include "worker/agent/facts/changing_facts.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <set>
#include <sstream>
#include <vector>

#include "worker/agent/facts/cgroup.hpp"

namespace espalier::agent {
namespace {

constexpr double kMilli = 1e-3;

std::optional<double> load_of(const SystemFiles& files) {
  std::istringstream text(files.text("proc/loadavg").value_or(""));
  double load = 0;
  return text >> load ? std::optional(load) : std::nullopt;
}

std::optional<std::int64_t> memory_free_of(const SystemFiles& files) {
  const auto line = value_of_line(files.text("proc/meminfo").value_or(""), "MemAvailable");
  const auto kibibytes = line ? leading_number(*line) : std::nullopt;
  if (!kibibytes) return std::nullopt;
  return std::min(*kibibytes * 1024, cgroup_limits(files).memory_room.value_or(*kibibytes * 1024));
}

std::optional<std::int64_t> disk_free_of(const std::filesystem::path& cache) {
  std::error_code unknown;
  const auto room = std::filesystem::space(cache, unknown);
  return unknown ? std::nullopt : std::optional(static_cast<std::int64_t>(room.available));
}

// Drivers of sensors in processors, and words that name a zone of one.
constexpr std::array kProcessorSensors = {"coretemp", "k10temp", "zenpower", "cpu_thermal", "cpu-thermal"};
constexpr std::array kProcessorZones = {"cpu", "x86_pkg_temp", "soc", "CPU"};

std::optional<double> temperature_of(const SystemFiles& files) {
  std::optional<std::int64_t> hottest;
  const auto look_at = [&](const std::string& file) {
    const auto read = files.number(file);
    if (read && *read > 0 && (!hottest || *read > *hottest)) hottest = read;
  };
  for (const auto& sensor : files.names_in("sys/class/hwmon")) {
    const auto folder = "sys/class/hwmon/" + sensor + "/";
    const auto name = files.text(folder + "name").value_or("");
    if (std::find(kProcessorSensors.begin(), kProcessorSensors.end(), name) == kProcessorSensors.end())
      continue;
    for (const auto& file : files.names_in(folder))
      if (file.starts_with("temp") && file.ends_with("_input")) look_at(folder + file);
  }
  for (const auto& zone : files.names_in("sys/class/thermal")) {
    if (hottest || !zone.starts_with("thermal_zone")) continue;
    const auto folder = "sys/class/thermal/" + zone + "/";
    const auto type = files.text(folder + "type").value_or("");
    for (const auto* word : kProcessorZones)
      if (type.find(word) != std::string::npos) look_at(folder + "temp");
  }
  return hottest ? std::optional(static_cast<double>(*hottest) * kMilli) : std::nullopt;
}

// How often the processors were slowed down since the start, as Intel's count.
std::optional<std::int64_t> throttle_count_of(const SystemFiles& files,
                                              const std::vector<std::string>& cpus) {
  std::optional<std::int64_t> all;
  for (const auto& cpu : cpus)
    for (const auto* count : {"core_throttle_count", "package_throttle_count"})
      if (const auto read = files.number("sys/devices/system/cpu/" + cpu + "/thermal_throttle/" + count))
        all = all.value_or(0) + *read;
  return all;
}

// A Raspberry Pi's firmware says it in the lowest four bits: too little voltage, capped, throttled, too hot.
std::optional<bool> throttled_by_firmware(const SystemFiles& files) {
  const auto text = files.text("sys/devices/platform/soc/soc:firmware/get_throttled");
  if (!text || text->empty()) return std::nullopt;
  return (std::strtoul(text->c_str(), nullptr, 16) & 0xFU) != 0;
}

struct Power {
  std::optional<bool> on_battery;
  std::optional<std::int64_t> percent;  // of the fullest battery
};

Power power_of(const SystemFiles& files) {
  Power power;
  std::optional<bool> plugged_in;
  bool discharging = false;
  for (const auto& supply : files.names_in("sys/class/power_supply")) {
    const auto folder = "sys/class/power_supply/" + supply + "/";
    const auto type = files.text(folder + "type").value_or("");
    if (type == "Mains" || type == "USB")
      plugged_in = plugged_in.value_or(false) || files.number(folder + "online").value_or(0) != 0;
    // A mouse has a battery too.
    if (type != "Battery" || files.text(folder + "scope").value_or("System") == "Device") continue;
    if (const auto read = files.number(folder + "capacity"))
      power.percent = std::max(power.percent.value_or(0), *read);
    discharging = discharging || files.text(folder + "status").value_or("") == "Discharging";
  }
  if (power.percent || discharging)
    power.on_battery = discharging || (plugged_in.has_value() && !*plugged_in);
  else if (plugged_in)
    power.on_battery = false;
  return power;
}

std::optional<std::string> governor_of(const SystemFiles& files, const std::vector<std::string>& cpus) {
  std::set<std::string> all;
  for (const auto& cpu : cpus)
    if (auto read = files.text("sys/devices/system/cpu/" + cpu + "/cpufreq/scaling_governor"))
      all.insert(*read);
  if (all.empty()) return std::nullopt;
  return all.size() == 1 ? *all.begin() : "mixed";
}

// A few processors speak for a machine of hundreds: reading all would take longer than a heartbeat should.
std::vector<std::string> some_processors(const SystemFiles& files) {
  constexpr std::size_t kEnough = 16;
  std::vector<std::string> cpus;
  for (auto& name : files.names_in("sys/devices/system/cpu"))
    if (name.size() > 3 && name.starts_with("cpu") &&
        name.find_first_not_of("0123456789", 3) == std::string::npos && cpus.size() < kEnough)
      cpus.push_back(std::move(name));
  return cpus;
}

// By this much and by this part of what it was.
template <class Number>
bool moved(const std::optional<Number>& told, const std::optional<Number>& now, double least, double part) {
  if (told.has_value() != now.has_value()) return true;
  if (!told) return false;
  const auto change = std::abs(static_cast<double>(*now) - static_cast<double>(*told));
  return change >= least && change >= part * std::abs(static_cast<double>(*told));
}

}  // namespace

ChangingFacts sample(const SystemFiles& files, const std::filesystem::path& cache,
                     const std::optional<std::int64_t>& throttle_count_before) {
  const auto cpus = some_processors(files);
  ChangingFacts facts;
  facts.load = load_of(files);
  facts.memory_free = memory_free_of(files);
  facts.disk_free = disk_free_of(cache);
  facts.temperature_c = temperature_of(files);
  facts.throttle_count = throttle_count_of(files, cpus);
  facts.throttled = throttled_by_firmware(files);
  if (!facts.throttled && facts.throttle_count && throttle_count_before)
    facts.throttled = *facts.throttle_count > *throttle_count_before;
  const auto power = power_of(files);
  facts.on_battery = power.on_battery;
  facts.battery_percent = power.percent;
  facts.governor = governor_of(files, cpus);
  return facts;
}

bool differ_materially(const ChangingFacts& told, const ChangingFacts& now) {
  constexpr double kMiB = 1024.0 * 1024.0;
  return moved(told.load, now.load, 0.5, 0.2) || moved(told.memory_free, now.memory_free, 128 * kMiB, 0.1) ||
         moved(told.disk_free, now.disk_free, 256 * kMiB, 0.1) ||
         moved(told.temperature_c, now.temperature_c, 5, 0) || told.throttled != now.throttled ||
         told.on_battery != now.on_battery || moved(told.battery_percent, now.battery_percent, 5, 0) ||
         told.governor != now.governor;
}

json::object to_json(const ChangingFacts& facts) {
  json::object object;
  const auto add = [&object](const char* name, const auto& value) {
    if (value) object.emplace(name, *value);
  };
  add("load", facts.load);
  add("memory_free", facts.memory_free);
  add("disk_free", facts.disk_free);
  add("temperature_c", facts.temperature_c);
  add("throttled", facts.throttled);
  add("on_battery", facts.on_battery);
  add("battery_percent", facts.battery_percent);
  add("governor", facts.governor);
  return object;
}

}  // namespace espalier::agent
