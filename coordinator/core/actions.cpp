#include "coordinator/core/actions.hpp"

namespace espalier::core {

bool may_overtake(const Action& action) {
  const auto* send = std::get_if<Send>(&action);
  if (send == nullptr) return false;
  return std::holds_alternative<wire::Beat>(send->message) ||
         std::holds_alternative<wire::WhoAreYou>(send->message) ||
         std::holds_alternative<wire::Rejected>(send->message);
}

}  // namespace espalier::core
