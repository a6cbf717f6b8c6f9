// How many descriptors this process may have open: connections, files, sockets of ZeroMQ.
#pragma once

namespace espalier {

// As many as the system lets it have, instead of what is usual. Call it first: sockets are set up by this
// limit.
void allow_many_open_files();

}  // namespace espalier
