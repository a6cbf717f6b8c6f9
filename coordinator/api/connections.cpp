#include "coordinator/api/connections.hpp"

namespace espalier::api {

Connections::Admission Connections::admit(const std::string& address) {
  Admission admission;
  const auto known = addresses_.find(address);
  const std::map<Order, Id>* candidates = nullptr;
  if (known != addresses_.end() && known->second.connections >= limits_.of_one_address) {
    admission.room = Room::address_taken;
    candidates = &known->second.idle;
  } else if (connections_.size() >= limits_.all) {
    admission.room = Room::all_taken;
    candidates = &idle_;
  }
  if (candidates != nullptr) {
    if (candidates->empty()) return admission;
    admission.evicted = candidates->begin()->second;
    end(*admission.evicted);
  }
  const Id id = next_++;
  admission.id = id;
  connections_[id].address = address;
  ++addresses_[address].connections;
  rest(id);
  return admission;
}

void Connections::begin(Id id) {
  const auto found = connections_.find(id);
  if (found == connections_.end() || !found->second.idle) return;
  idle_.erase(*found->second.idle);
  addresses_[found->second.address].idle.erase(*found->second.idle);
  found->second.idle.reset();
}

void Connections::rest(Id id) {
  const auto found = connections_.find(id);
  if (found == connections_.end() || found->second.idle) return;
  const Order order = next_++;
  found->second.idle = order;
  idle_[order] = id;
  addresses_[found->second.address].idle[order] = id;
}

void Connections::end(Id id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  begin(id);
  const auto address = addresses_.find(found->second.address);
  if (--address->second.connections == 0) addresses_.erase(address);
  connections_.erase(found);
}

}  // namespace espalier::api
