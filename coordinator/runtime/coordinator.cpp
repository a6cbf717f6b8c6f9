#include "coordinator/runtime/coordinator.hpp"
