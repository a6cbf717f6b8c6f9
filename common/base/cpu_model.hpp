// The processor's name: equal names make latencies comparable.
#pragma once

#include <string>
#include <string_view>

namespace espalier {

// From the text of /proc/cpuinfo: "AMD EPYC 7763 64-Core Processor", "Arm Cortex-A76"; an ARM core whose part
// has no name here is "Arm 0x41 part 0xd0b". Empty if the text names none.
std::string cpu_model_in(std::string_view cpuinfo);

}  // namespace espalier
