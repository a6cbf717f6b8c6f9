// What a worker finds out of machines that these files describe.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "common/base/cpu_model.hpp"
#include "tests/unit/facts/machine.hpp"
#include "worker/agent/facts/changing_facts.hpp"
#include "worker/agent/facts/static_facts.hpp"

namespace espalier::agent {
namespace {

using espalier::testing::Machine;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t kKiB = 1024, kMiB = 1024 * kKiB, kGiB = 1024 * kMiB;

RunnerHello runner() {
  RunnerHello hello;
  hello.libtorch = "1.13.1";
  hello.engines = {"onednn"};
  hello.isa = "avx2";
  hello.allocator = "mimalloc";
  return hello;
}

json::object facts_of(const Machine& machine, const RunnerHello& hello = runner()) {
  return static_facts(machine.files(), hello, {}, machine.folder());
}

std::vector<std::string> texts(const json::value& list) {
  std::vector<std::string> all;
  for (const auto& text : list.as_array()) all.emplace_back(text.as_string());
  return all;
}

ChangingFacts now(const Machine& machine, std::optional<std::int64_t> throttles = std::nullopt) {
  return sample(machine.files(), machine.folder(), throttles);
}

TEST(Facts, ANumaServerShowsItsCoresThreadsNodesAndCaches) {
  Machine machine;
  machine.add_processors(2, 4, 2, "48K", "2048K", "32768K");
  machine.write("proc/cpuinfo",
                "processor\t: 0\nmodel name\t: Intel(R) Xeon(R) Gold 6430\n"
                "flags\t\t: fpu sse4_2 avx avx2 fma f16c avx512f avx512_vnni amx_tile amx_int8");
  machine.write("proc/meminfo", "MemTotal:       16777216 kB\nMemAvailable:    8388608 kB");
  const auto facts = facts_of(machine);
  EXPECT_EQ(facts.at("cpu"), "Intel(R) Xeon(R) Gold 6430");
  EXPECT_EQ(facts.at("cores"), 8);
  EXPECT_EQ(facts.at("threads"), 16);
  EXPECT_EQ(facts.at("numa_nodes"), 2);
  EXPECT_EQ(facts.at("l1d"), 48 * kKiB);
  EXPECT_EQ(facts.at("l2"), 2 * kMiB);
  EXPECT_EQ(facts.at("l3"), 32 * kMiB);
  EXPECT_EQ(facts.at("memory"), 16 * kGiB);
  EXPECT_EQ(facts.at("memory_gib"), 16.0);
  EXPECT_EQ(facts.at("kernel"), "6.1.0-13");
  EXPECT_EQ(facts.at("os"), "linux");
  EXPECT_EQ(facts.at("allocator"), "mimalloc");
  EXPECT_EQ(facts.at("device"), "cpu");
  EXPECT_GT(facts.at("disk_free").as_int64(), 0);
  EXPECT_THAT(texts(facts.at("isa")), ::testing::IsSupersetOf({"avx2", "avx512", "avx512_vnni", "amx_int8"}));
}

TEST(Facts, AnArmBoardHasAProcessorByItsPartAndNoCacheThatItDoesNotTell) {
  Machine machine;
  machine.add_processors(1, 4, 1, "", "", "");
  machine.write("proc/sys/kernel/arch", "aarch64");
  machine.write("proc/cpuinfo",
                "processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd evtstrm crc32 asimdhp asimddp\n"
                "CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x4\nCPU part\t: 0xd0b\n");
  machine.write("proc/meminfo", "MemTotal:        4194304 kB");
  machine.write("sys/class/thermal/thermal_zone0/type", "cpu-thermal");
  machine.write("sys/class/thermal/thermal_zone0/temp", "61836");
  machine.write("sys/devices/platform/soc/soc:firmware/get_throttled", "50005");
  machine.write("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "ondemand");
  auto hello = runner();
  hello.isa = "neon";
  const auto facts = facts_of(machine, hello);
  EXPECT_EQ(facts.at("arch"), "aarch64");
  EXPECT_EQ(facts.at("cpu"), "Arm Cortex-A76");
  EXPECT_EQ(facts.at("cores"), 4);
  EXPECT_THAT(texts(facts.at("isa")), ::testing::ElementsAre("neon", "fp16", "dotprod"));
  for (const auto* unknown : {"l1d", "l2", "l3"}) EXPECT_FALSE(facts.contains(unknown)) << unknown;
  const auto changing = now(machine);
  EXPECT_NEAR(changing.temperature_c.value(), 61.8, 0.1);
  EXPECT_EQ(changing.throttled, true);
  EXPECT_EQ(changing.governor, "ondemand");
  EXPECT_FALSE(changing.on_battery.has_value());
}

TEST(Facts, ALaptopOnBatterySaysSo) {
  Machine machine;
  machine.write("sys/class/power_supply/AC/type", "Mains");
  machine.write("sys/class/power_supply/AC/online", "0");
  machine.write("sys/class/power_supply/BAT0/type", "Battery");
  machine.write("sys/class/power_supply/BAT0/status", "Discharging");
  machine.write("sys/class/power_supply/BAT0/capacity", "73");
  machine.write("sys/class/power_supply/mouse/type", "Battery");
  machine.write("sys/class/power_supply/mouse/scope", "Device");
  machine.write("sys/class/power_supply/mouse/capacity", "99");
  machine.write("sys/class/hwmon/hwmon3/name", "k10temp");
  machine.write("sys/class/hwmon/hwmon3/temp1_input", "84500");
  machine.write("sys/class/hwmon/hwmon4/name", "nvme");
  machine.write("sys/class/hwmon/hwmon4/temp1_input", "95000");
  for (int cpu = 0; cpu < 2; ++cpu)
    machine.write("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/cpufreq/scaling_governor",
                  "powersave");
  const auto on_battery = now(machine);
  EXPECT_EQ(on_battery.on_battery, true);
  EXPECT_EQ(on_battery.battery_percent, 73);
  EXPECT_EQ(on_battery.governor, "powersave");
  EXPECT_EQ(on_battery.temperature_c, 84.5);
  machine.write("sys/class/power_supply/AC/online", "1");
  machine.write("sys/class/power_supply/BAT0/status", "Charging");
  EXPECT_EQ(now(machine).on_battery, false);
}

TEST(Facts, AContainerHasWhatItsGroupLeavesIt) {
  Machine machine;
  machine.add_processors(1, 8, 2, "32K", "1024K", "");
  machine.write("proc/meminfo", "MemTotal:       67108864 kB\nMemAvailable:   33554432 kB");
  machine.write("proc/self/cgroup", "0::/pod/worker");
  machine.write("sys/fs/cgroup/pod/memory.max", "4294967296");
  machine.write("sys/fs/cgroup/pod/memory.current", "1073741824");
  machine.write("sys/fs/cgroup/pod/memory.stat", "anon 536870912\ninactive_file 536870912");
  machine.write("sys/fs/cgroup/pod/worker/memory.max", "max");
  machine.write("sys/fs/cgroup/pod/worker/cpu.max", "350000 100000");
  const auto facts = facts_of(machine);
  EXPECT_EQ(facts.at("memory"), 4 * kGiB);
  EXPECT_EQ(facts.at("memory_gib"), 4.0);
  EXPECT_EQ(facts.at("memory_bytes"), 4 * kGiB) << "the name that workers used first";
  EXPECT_EQ(facts.at("cores"), 3);
  EXPECT_EQ(facts.at("threads"), 3);
  EXPECT_EQ(now(machine).memory_free, 3 * kGiB + 512 * kMiB);
}

TEST(Facts, AContainerOfTheFirstVersionOfControlGroupsToo) {
  Machine machine;
  machine.add_processors(1, 4, 1, "", "", "");
  machine.write("proc/meminfo", "MemTotal:       67108864 kB");
  machine.write("proc/self/cgroup", "9:memory:/box\n4:cpu,cpuacct:/box\n0::/");
  machine.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712");
  machine.write("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "2147483648");
  machine.write("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "-1");
  machine.write("sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000");
  const auto facts = facts_of(machine);
  EXPECT_EQ(facts.at("memory"), 2 * kGiB);
  EXPECT_EQ(facts.at("cores"), 4);
}

TEST(Facts, WhatCannotBeKnownIsAbsent) {
  Machine machine;
  const auto facts = facts_of(machine);
  for (const auto* name : {"cpu", "cores", "l1d", "memory", "memory_gib", "memory_bytes", "device_names"})
    EXPECT_FALSE(facts.contains(name) && facts.at(name) == 0) << name;
  EXPECT_FALSE(facts.contains("memory"));
  EXPECT_FALSE(facts.contains("cpu"));
  auto changing = now(machine);
  changing.disk_free.reset();  // of the test's own disk
  EXPECT_TRUE(to_json(changing).empty()) << json::serialize(to_json(changing));
}

TEST(Facts, ThrottlingIsNoticedBetweenTwoSamples) {
  Machine machine;
  machine.add_processors(1, 2, 1, "", "", "");
  machine.write("sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count", "41");
  const auto first = now(machine);
  EXPECT_FALSE(first.throttled.has_value());
  EXPECT_EQ(now(machine, first.throttle_count).throttled, false);
  machine.write("sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count", "42");
  EXPECT_EQ(now(machine, first.throttle_count).throttled, true);
}

TEST(Facts, OnlyWhatWouldMisleadPlacementIsWorthTelling) {
  ChangingFacts told;
  told.load = 2.0;
  told.memory_free = 8 * kGiB;
  told.temperature_c = 60;
  told.battery_percent = 50;
  told.governor = "powersave";
  auto later = told;
  later.load = 2.3;
  later.memory_free = 8 * kGiB - 100 * kMiB;
  later.temperature_c = 63;
  later.battery_percent = 48;
  EXPECT_FALSE(differ_materially(told, later));
  const auto differs = [&](auto change) {
    auto changed = told;
    change(changed);
    return differ_materially(told, changed);
  };
  EXPECT_TRUE(differs([](auto& facts) { facts.load = 3.0; }));
  EXPECT_TRUE(differs([](auto& facts) { facts.memory_free = 6 * kGiB; }));
  EXPECT_TRUE(differs([](auto& facts) { facts.temperature_c = 66; }));
  EXPECT_TRUE(differs([](auto& facts) { facts.battery_percent = 44; }));
  EXPECT_TRUE(differs([](auto& facts) { facts.governor = "performance"; }));
  EXPECT_TRUE(differs([](auto& facts) { facts.throttled = true; }));
  EXPECT_TRUE(differs([](auto& facts) { facts.on_battery = true; }));
  EXPECT_TRUE(differs([](auto& facts) { facts.load.reset(); }));
}

TEST(Facts, ThisMachineHasCoresAndMemoryAndIsSampledQuickly) {
  const auto facts = static_facts(SystemFiles(), runner(), {}, std::filesystem::temp_directory_path());
  EXPECT_GE(facts.at("cores").as_int64(), 1);
  EXPECT_LE(facts.at("cores").as_int64(), facts.at("threads").as_int64());
  EXPECT_GT(facts.at("memory").as_int64(), 0);
  EXPECT_FALSE(facts.at("host").as_string().empty());
  auto best = std::chrono::steady_clock::duration::max();
  for (int i = 0; i < 20; ++i) {
    const auto from = std::chrono::steady_clock::now();
    sample(SystemFiles(), std::filesystem::temp_directory_path(), std::nullopt);
    best = std::min(best, std::chrono::steady_clock::now() - from);
  }
  EXPECT_LT(best, std::chrono::milliseconds(20)) << "a millisecond on a quiet machine";
}

TEST(Facts, LabelsAreNamedAndWrongOnesRefused) {
  Labels labels;
  EXPECT_TRUE(add_label("rack=b7", &labels).has_value());
  EXPECT_TRUE(add_label("note=a=b", &labels).has_value());
  const Machine machine;
  const auto facts = static_facts(machine.files(), runner(), labels, machine.folder());
  EXPECT_EQ(facts.at("labels.rack"), "b7");
  EXPECT_EQ(facts.at("labels.note"), "a=b");
  for (const auto* wrong : {"rack", "=b7", "7up=yes", "a b=c", "rack=b8"})
    EXPECT_THAT(add_label(wrong, &labels).error().message, HasSubstr("label")) << wrong;
}

TEST(CpuModel, IsTheNameThatTheKernelGivesOrTheCoresThatItFinds) {
  EXPECT_EQ(cpu_model_in("processor : 0\nmodel name\t: AMD EPYC 7763\nmodel name\t: AMD EPYC 7763\n"),
            "AMD EPYC 7763");
  EXPECT_EQ(cpu_model_in(
                "CPU implementer\t: 0x41\nCPU part\t: 0xd03\n\nCPU implementer\t: 0x41\nCPU part\t: 0xd09\n"),
            "Arm Cortex-A53 + Arm Cortex-A73");
  EXPECT_EQ(cpu_model_in("CPU implementer\t: 0x51\nCPU part\t: 0x802\n"), "Arm 0x51 part 0x802");
  EXPECT_EQ(cpu_model_in("processor\t: 0\n"), "");
}

}  // namespace
}  // namespace espalier::agent
