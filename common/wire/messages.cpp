#include "common/wire/messages.hpp"
