#include "common/wire/codec.hpp"

#include <boost/mp11.hpp>
#include <utility>

#include "common/wire/reflection.hpp"

namespace espalier::wire {
namespace {

constexpr std::size_t kMostChangingFacts = 64;
constexpr std::size_t kLongestFact = 256;

template <class Message>
struct TypeName;
#define ESPALIER_TYPE_NAME(type, text)         \
  template <>                                  \
  struct TypeName<type> {                      \
    static constexpr const char* value = text; \
  }
ESPALIER_TYPE_NAME(Hello, "hello");
ESPALIER_TYPE_NAME(Heartbeat, "heartbeat");
ESPALIER_TYPE_NAME(Progress, "progress");
ESPALIER_TYPE_NAME(LogText, "log_text");
ESPALIER_TYPE_NAME(Finished, "finished");
ESPALIER_TYPE_NAME(Goodbye, "goodbye");
ESPALIER_TYPE_NAME(Welcome, "welcome");
ESPALIER_TYPE_NAME(Beat, "beat");
ESPALIER_TYPE_NAME(Rejected, "rejected");
ESPALIER_TYPE_NAME(Assign, "assign");
ESPALIER_TYPE_NAME(Cancel, "cancel");
ESPALIER_TYPE_NAME(Acknowledge, "acknowledge");
ESPALIER_TYPE_NAME(WhoAreYou, "who_are_you");
#undef ESPALIER_TYPE_NAME

template <class Message>
json::value encode_one(const Message& message) {
  json::object object;
  object.emplace("type", TypeName<Message>::value);
  add_members(message, object);
  return object;
}

template <class Variant>
json::value encode_variant(const Variant& message) {
  return std::visit([](const auto& alternative) { return encode_one(alternative); }, message);
}

template <class Variant>
std::string encode_frame(const std::vector<Variant>& messages) {
  if (messages.size() == 1) return json::serialize(encode_variant(messages.front()));
  json::array array;
  array.reserve(messages.size());
  for (const auto& message : messages) array.push_back(encode_variant(message));
  return json::serialize(array);
}

Error refused(const std::string& why) {
  return {ErrorKind::usage, "a message that can't be read: " + why, ""};
}

// A Hello of another protocol may have other fields: what is needed to refuse it with reasons is read, if it
// is there.
Result<void> read(const json::value& value, Hello& hello) {
  const auto& object = value.get_object();
  if (auto protocol = member_from_json(object, "", "protocol", hello.protocol); !protocol) return protocol;
  if (hello.protocol == kProtocolVersion) return from_json(value, "", hello);
  if (!member_from_json(object, "", "worker", hello.worker)) hello.worker.clear();
  if (!member_from_json(object, "", "session", hello.session)) hello.session.clear();
  return {};
}
// Every heartbeat may bring facts: those of one worker stay few and small.
Result<void> read(const json::value& value, Heartbeat& heartbeat) {
  if (auto done = from_json(value, "", heartbeat); !done || !heartbeat.facts) return done;
  if (heartbeat.facts->size() > kMostChangingFacts) return field_error("facts", "has too many members");
  for (const auto& [name, fact] : *heartbeat.facts)
    if (fact.is_structured() || name.size() > kLongestFact ||
        (fact.is_string() && fact.get_string().size() > kLongestFact))
      return field_error("facts", "has a member that is too long or no plain value");
  return {};
}
template <class Message>
Result<void> read(const json::value& value, Message& message) {
  return from_json(value, "", message);
}

template <class Variant>
Result<Variant> decode_one(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return refused("it is not an object");
  const auto* type = object->if_contains("type");
  if (type == nullptr || !type->is_string()) return refused("field \"type\" is missing");
  Result<Variant> result = refused("its type \"" + std::string(type->get_string()) + "\" is unknown");
  boost::mp11::mp_for_each<boost::mp11::mp_transform<boost::mp11::mp_identity, Variant>>([&](auto identity) {
    using Message = typename decltype(identity)::type;
    if (type->get_string() != TypeName<Message>::value) return;
    Message message;
    if (auto done = read(value, message); done)
      result = Variant(std::move(message));
    else
      result =
          Error{ErrorKind::usage,
                std::string("message \"") + TypeName<Message>::value + "\": " + done.error().message, ""};
  });
  return result;
}

template <class Variant>
Result<Variant> decode_single(std::string_view bytes) {
  const auto value = parse_json(bytes);
  if (!value) return refused(value.error().message);
  return decode_one<Variant>(*value);
}

template <class Variant>
Result<std::vector<Variant>> decode_frame(std::string_view bytes) {
  const auto value = parse_json(bytes);
  if (!value) return refused(value.error().message);
  std::vector<Variant> messages;
  const auto* array = value->if_array();
  const std::size_t count = array != nullptr ? array->size() : 1;
  messages.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    auto message = decode_one<Variant>(array != nullptr ? (*array)[i] : *value);
    if (!message) return message.error();
    messages.push_back(std::move(*message));
  }
  return messages;
}

}  // namespace

std::string encode(const ToCoordinator& message) {
  return json::serialize(encode_variant(message));
}
std::string encode(const ToWorker& message) {
  return json::serialize(encode_variant(message));
}
Result<ToCoordinator> decode_to_coordinator(std::string_view bytes) {
  return decode_single<ToCoordinator>(bytes);
}
Result<ToWorker> decode_to_worker(std::string_view bytes) {
  return decode_single<ToWorker>(bytes);
}

std::string encode(const Assign& assign, std::string_view spec) {
  std::string text = json::serialize(encode_one(assign));
  constexpr std::string_view kEmptySpec = "\"spec\":{}";
  const auto place = text.find(kEmptySpec);
  ESPALIER_ASSERT(place != std::string::npos);
  return text.replace(place + kEmptySpec.size() - 2, 2, spec);
}

std::string frame_of(const std::vector<std::string>& encoded) {
  if (encoded.size() == 1) return encoded.front();
  std::string frame = "[";
  for (const auto& message : encoded) {
    if (frame.size() > 1) frame += ',';
    frame += message;
  }
  return frame += ']';
}

std::string encode_all(const std::vector<ToCoordinator>& messages) {
  return encode_frame(messages);
}
std::string encode_all(const std::vector<ToWorker>& messages) {
  return encode_frame(messages);
}
Result<std::vector<ToCoordinator>> decode_all_to_coordinator(std::string_view bytes) {
  return decode_frame<ToCoordinator>(bytes);
}
Result<std::vector<ToWorker>> decode_all_to_worker(std::string_view bytes) {
  return decode_frame<ToWorker>(bytes);
}

}  // namespace espalier::wire
