#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "worker/runner/measure/conditions.hpp"
#include "worker/runner/measure/energy.hpp"

namespace espalier::runner {
namespace {

// A machine's files as far as energy and conditions read them.
class MachineFiles : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove_all(root_); }
  void TearDown() override {
    std::filesystem::remove_all(root_);
    ::unsetenv("ESPALIER_FAKE_NVML");
  }
  void write(const std::string& file, const std::string& text) {
    std::filesystem::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text << '\n';
  }
  void write_rail(const std::string& monitor, int channel, const std::string& label, int mv, int ma) {
    const auto number = std::to_string(channel);
    write(monitor + "/name", "ina3221");
    write(monitor + "/in" + number + "_label", label);
    write(monitor + "/in" + number + "_input", std::to_string(mv));
    write(monitor + "/curr" + number + "_input", std::to_string(ma));
  }
  // Watts over the time until a meter has told some energy.
  static double mean_watts(EnergyMeter& meter) {
    const double start = monotonic_seconds();
    const double before = meter.joules().value();
    while (monotonic_seconds() < start + 0.1) {
    }
    const double joules = meter.joules().value() - before;
    return joules / (monotonic_seconds() - start);
  }

  std::filesystem::path root_ =
      std::filesystem::path(testing::TempDir()) / ("espalier_machine_files_" + std::to_string(getpid()));
};

TEST_F(MachineFiles, without_any_source_there_is_no_meter) {
  EXPECT_EQ(rapl_meter(root_), nullptr);
  EXPECT_EQ(ina3221_meter(root_), nullptr);
  EXPECT_EQ(nvml_meter(0, "libespalier-has-no-such-library.so.1"), nullptr);
}

TEST_F(MachineFiles, rapl_sums_packages_leaves_out_their_parts_and_goes_on_where_a_counter_begins_again) {
  for (const std::string zone : {"intel-rapl:0", "intel-rapl:1", "intel-rapl:0:0"}) {
    write("class/powercap/" + zone + "/energy_uj", "9000000");
    write("class/powercap/" + zone + "/max_energy_range_uj", "10000000");
  }
  const auto meter = rapl_meter(root_);
  ASSERT_NE(meter, nullptr);
  EXPECT_EQ(meter->name(), "rapl");
  const double before = meter->joules().value();
  write("class/powercap/intel-rapl:0/energy_uj", "9500000");
  write("class/powercap/intel-rapl:0:0/energy_uj", "9400000");
  write("class/powercap/intel-rapl:1/energy_uj", "2000000");
  EXPECT_NEAR(meter->joules().value() - before, 0.5 + 3.0, 1e-9);
  std::filesystem::remove(root_ / "class/powercap/intel-rapl:1/energy_uj");
  EXPECT_FALSE(meter->joules().has_value());
}

TEST_F(MachineFiles, a_board_is_measured_at_the_rail_that_feeds_the_others) {
  write_rail("class/hwmon/hwmon3", 1, "VDD_IN", 5000, 1200);
  write_rail("class/hwmon/hwmon3", 2, "VDD_CPU_GPU_CV", 5000, 400);
  write("class/hwmon/hwmon0/name", "tmp451");
  const auto meter = ina3221_meter(root_);
  ASSERT_NE(meter, nullptr);
  EXPECT_EQ(meter->name(), "ina3221");
  EXPECT_NEAR(mean_watts(*meter), 6.0, 0.6);
}

TEST_F(MachineFiles, a_board_without_such_a_rail_is_the_sum_of_all) {
  write_rail("class/hwmon/hwmon3", 1, "GPU", 19000, 100);
  write_rail("class/hwmon/hwmon3", 2, "CPU", 19000, 200);
  write_rail("class/hwmon/hwmon4", 3, "SYS5V", 5000, 500);
  EXPECT_NEAR(mean_watts(*ina3221_meter(root_)), 1.9 + 3.8 + 2.5, 0.8);
}

TEST_F(MachineFiles, a_board_whose_monitor_falls_silent_tells_nothing) {
  write_rail("class/hwmon/hwmon3", 1, "VDD_IN", 5000, 1200);
  const auto meter = ina3221_meter(root_);
  std::filesystem::remove(root_ / "class/hwmon/hwmon3/curr1_input");
  EXPECT_FALSE(meter->joules().has_value());
}

TEST_F(MachineFiles, a_gpu_tells_its_counter_of_energy) {
  const auto meter = nvml_meter(0, ESPALIER_FAKE_NVML);
  ASSERT_NE(meter, nullptr);
  EXPECT_EQ(meter->name(), "nvml");
  const double before = meter->joules().value();
  EXPECT_NEAR(meter->joules().value() - before, 0.25, 1e-9);
}

TEST_F(MachineFiles, a_gpu_without_such_a_counter_has_its_power_integrated) {
  ::setenv("ESPALIER_FAKE_NVML", "power", 1);
  const auto meter = nvml_meter(0, ESPALIER_FAKE_NVML);
  ASSERT_NE(meter, nullptr);
  EXPECT_NEAR(mean_watts(*meter), 40, 4);
}

TEST_F(MachineFiles, a_driver_that_does_not_answer_and_a_gpu_that_is_not_there_are_no_meters) {
  EXPECT_EQ(nvml_meter(7, ESPALIER_FAKE_NVML), nullptr);
  ::setenv("ESPALIER_FAKE_NVML", "broken", 1);
  EXPECT_EQ(nvml_meter(0, ESPALIER_FAKE_NVML), nullptr);
}

TEST_F(MachineFiles, stolen_time_is_that_of_the_cpus_asked_for) {
  write(
      "stat",
      "cpu  9 9 9 9 9 9 9 900 0 0\ncpu0 1 1 1 1 1 1 1 300 0 0\ncpu1 1 1 1 1 1 1 1 50 0 0\ncpu10 1 1 1 1 1 1 "
      "1 7 0 0\nintr 5");
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  EXPECT_DOUBLE_EQ(stolen_seconds({1}, root_), 50 / ticks);
  EXPECT_DOUBLE_EQ(stolen_seconds({0, 10}, root_), 307 / ticks);
  EXPECT_EQ(stolen_seconds({}, root_), 0);
}

TEST_F(MachineFiles, queued_time_is_summed_over_threads) {
  write("self/task/7/schedstat", "900000000 250000000 12");
  write("self/task/8/schedstat", "100000000 500000000 3");
  EXPECT_NEAR(queued_seconds(root_), 0.75, 1e-9);
  EXPECT_EQ(queued_seconds(root_ / "nowhere"), 0);
}

TEST(BusyPart, of_one_thread_is_what_its_clock_or_the_host_says) {
  EXPECT_DOUBLE_EQ(busy_part(0.3, {10, 1, 0}, {12, 1, 0}, 1), 0.3);
  EXPECT_DOUBLE_EQ(busy_part(0, {10, 1, 0}, {12, 2, 0}, 1), 0.5);
}

TEST(BusyPart, of_several_threads_is_not_their_waiting_for_each_other) {
  EXPECT_DOUBLE_EQ(busy_part(0.4, {10, 1, 5}, {12, 1, 5}, 2), 0);
  EXPECT_DOUBLE_EQ(busy_part(0.4, {10, 1, 5}, {12, 1, 6}, 2), 0.25);
}

}  // namespace
}  // namespace espalier::runner
