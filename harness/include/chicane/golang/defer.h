// SPDX-License-Identifier: Apache-2.0
//
// Go's `defer`: calls that run when the *function* ends, not the block, in reverse order.
//
//     void f() {
//       Defer defer;                      // first line of the function
//       for (...) {
//         mu.lock();
//         defer([&] { mu.unlock(); });    // as in Go: runs when f ends, not at the end of the turn
//       }
//     }
//
// Thread safety: an object belongs to the function, hence to the thread, that declares it.
// Invariants:
//   I1. Every deferred call runs exactly once, also when the function is left by a panic, and also
//       when a later one panicked.
//   I2. A panic of a deferred call leaves the function; if several panic, the last one does. One
//       while another panic is on its way ends the program (C++ cannot replace it, Go would).
#pragma once

#include <exception>
#include <type_traits>
#include <utility>

namespace chicane::golang {

class Defer {
 public:
  Defer() = default;
  Defer(const Defer&) = delete;
  Defer& operator=(const Defer&) = delete;
  ~Defer() noexcept(false) {
    std::exception_ptr panic;
    while (top_ != nullptr) {
      Call* call = top_;
      top_ = call->below;
      try {
        call->run(call);
      } catch (...) {
        panic = std::current_exception();
      }
      call->destroy(call);
    }
    if (panic) std::rethrow_exception(panic);
  }

  /// Runs `f()` when the function ends.
  template <class F>
  void operator()(F&& f) {
    top_ = new CallOf<std::decay_t<F>>(top_, std::forward<F>(f));
  }

 private:
  struct Call {
    Call* below;
    void (*run)(Call*);
    void (*destroy)(Call*);
  };
  template <class F>
  struct CallOf : Call {
    template <class G>
    CallOf(Call* below, G&& g)
        : Call{below, [](Call* call) { static_cast<CallOf*>(call)->f(); },
               [](Call* call) { delete static_cast<CallOf*>(call); }},
          f(std::forward<G>(g)) {}
    F f;
  };
  Call* top_ = nullptr;
};

}  // namespace chicane::golang
