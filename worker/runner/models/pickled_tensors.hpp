// The pickles that torch.save writes of tensors by name (zip format), read as data: LibTorch's own unpickler
// makes nothing of an OrderedDict, which is what state_dict() gives, and fails at a dict of one item.
#pragma once

#include <caffe2/serialize/inline_container.h>

#include "worker/runner/models/state_dict.hpp"

namespace espalier::runner {

// The records of `reader` are "data.pkl" and a "data/KEY" for each storage. Only dicts, tuples, numbers,
// texts and dense tensors are made; the name of anything else is an error, never a call. Storages are copied
// from their records, and every tensor lies within its storage. Throws ErrorException that names `file`.
StateDict read_pickled_tensors(caffe2::serialize::PyTorchStreamReader& reader, const std::string& file);

}  // namespace espalier::runner
