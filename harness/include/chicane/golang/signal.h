// SPDX-License-Identifier: Apache-2.0
//
// Go's os/signal, simulated: signals come from raise_signal, never from the operating system.
//
//   channel registered | raise_signal(s)
//   -------------------|------------------------------------------------------------
//   with buffer space  | delivered
//   full               | dropped: Notify never blocks
//   unbuffered         | delivered only to a receiver that is there; one about to
//                      | arrive is there or not: a choice
//
// A signal that nobody registered for is ignored. A registration ends with stop_signal, or with the
// channel's last handle.
//
// Thread safety: any thread. Happens-before: that of the channel (chan.h).
#pragma once

#include <csignal>
#include <initializer_list>

#include "chicane/golang/chan.h"

namespace chicane::golang {

/// os/signal.Notify; no signals listed: all of them.
void notify_signal(const Chan<int>& channel, std::initializer_list<int> signals = {});
/// os/signal.Stop.
void stop_signal(const Chan<int>& channel);
/// Delivers `signal` to every channel that asked for it; how many got it.
int raise_signal(int signal);

}  // namespace chicane::golang
