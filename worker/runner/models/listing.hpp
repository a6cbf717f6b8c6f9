// The zoo as `espalier models` shows it, counted from built nets.
#pragma once

#include "common/base/json.hpp"

namespace espalier::runner {

// [{"name", "family", "params", "macs", "input": [C, H, W]}], each with its parameters' fallbacks:
// mobilenet_v2 for ImageNet, resnets for CIFAR-10, the others for 28x28 grey images of 10 classes.
json::array list_zoo();

}  // namespace espalier::runner
