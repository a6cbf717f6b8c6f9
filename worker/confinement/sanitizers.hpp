// What builds with sanitizers have to know of a seal.
#pragma once

namespace espalier::confinement {

// This process is sealed from now on: reports go to its standard error, as no other file can be opened, and
// nobody looks for leaks at its end, for which it would have to look into itself from another process.
void tell_sanitizers();

}  // namespace espalier::confinement
