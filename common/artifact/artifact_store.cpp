#include "common/artifact/artifact_store.hpp"
