// SPDX-License-Identifier: Apache-2.0
//
// What the system refuses the runtime itself: memory for a monitor, a further thread. The program
// is not to blame and makes no difference: the process that lacks something ends, and whoever
// started it has the words for an error.
//
// Thread safety: `lack` from any context, it allocates nothing; the others are the driver's.
#pragma once

namespace chicane::engine {

/// Ends this process. `what` completes "the system refuses ...", with what to do about it.
[[noreturn]] void lack(const char* what);

/// Whether this process was started to run programs, by one that listens.
bool has_listener();

/// From here on the processes that this one forks leave their words for it, and what others
/// left is forgotten. False: not even that little memory is given.
bool listen_for_lacks();
/// What a child lacked since; null: nothing.
const char* lacked();

}  // namespace chicane::engine
