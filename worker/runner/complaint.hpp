// What LibTorch says in an exception, for those who have to tell a user.
#pragma once

#include <exception>
#include <string>

namespace espalier::runner {

// Asked before an exception is taken for a fault of a file or a net: what lacked memory may be as it should
// be.
bool is_out_of_memory(const std::exception& error);

// LibTorch, or a net's code in it, found that it can't be computed: that won't be different another time.
bool is_of_libtorch(const std::exception& error);

// Its words without a traceback: through TorchScript's code that may be long, and the reason comes last.
std::string complaint_of(const std::exception& error);

}  // namespace espalier::runner
