#include "worker/runner/complaint.hpp"

#include <c10/util/Exception.h>
#include <torch/csrc/jit/frontend/error_report.h>

#include <new>

namespace espalier::runner {
namespace {

bool says(const std::exception& error, std::string_view words) {
  return std::string_view(error.what()).find(words) != std::string_view::npos;
}

}  // namespace

bool is_out_of_memory(const std::exception& error) {
  // TorchScript's interpreter throws what it caught as another type, with the same words.
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
         dynamic_cast<const std::bad_alloc*>(&error) != nullptr || says(error, "can't allocate memory") ||
         says(error, "std::bad_alloc");
}

bool is_of_libtorch(const std::exception& error) {
  return dynamic_cast<const c10::Error*>(&error) != nullptr ||
         dynamic_cast<const torch::jit::ErrorReport*>(&error) != nullptr ||
         says(error, "failed in the TorchScript interpreter");
}

std::string complaint_of(const std::exception& error) {
  constexpr std::size_t kLongest = 600;
  constexpr std::string_view kReason = "Error: ", kSpace = " \n:";
  const auto* of_libtorch = dynamic_cast<const c10::Error*>(&error);
  std::string words = of_libtorch != nullptr ? of_libtorch->msg() : error.what();
  if (words.find("Traceback of TorchScript") != std::string::npos)
    if (const auto at = words.rfind(kReason); at != std::string::npos) words.erase(0, at + kReason.size());
  words.erase(0, words.find_first_not_of(kSpace));
  words.erase(words.find_last_not_of(kSpace) + 1);
  return words.substr(0, kLongest);
}

}  // namespace espalier::runner
