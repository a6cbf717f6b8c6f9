// Messages as bytes: one JSON object {"type": "finished", …}, or an array of them. Unknown fields are
// ignored, so that a newer peer may say more; a missing or wrongly typed one is an error that names it. Never
// throws on input.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "common/wire/messages.hpp"

namespace espalier::wire {

std::string encode(const ToCoordinator& message);
std::string encode(const ToWorker& message);

// Exactly one message. Errors are ErrorKind::usage: "message \"finished\": field \"attempt\" is missing".
Result<ToCoordinator> decode_to_coordinator(std::string_view bytes);
Result<ToWorker> decode_to_worker(std::string_view bytes);

// Several messages in one frame, in order. One is written like `encode` writes it.
std::string encode_all(const std::vector<ToCoordinator>& messages);
std::string encode_all(const std::vector<ToWorker>& messages);
// The same of messages that are encoded already.
std::string frame_of(const std::vector<std::string>& encoded);
// As `encode`, but with a specification that is JSON text already: it is not parsed. `assign.spec` has to be
// empty.
std::string encode(const Assign& assign, std::string_view spec);
// One message or several; a frame with a broken message is refused as a whole.
Result<std::vector<ToCoordinator>> decode_all_to_coordinator(std::string_view bytes);
Result<std::vector<ToWorker>> decode_all_to_worker(std::string_view bytes);

}  // namespace espalier::wire
