// What this runner runs on.
#pragma once

#include <string>

#include "common/base/json.hpp"

namespace espalier::runner {

// "cpu|AMD EPYC 7763|avx2|t1|libtorch 1.13.1": measurements of equal classes may be compared.
std::string device_class(int threads);

// The members of "hello".
json::object hello_facts();

}  // namespace espalier::runner
