// SPDX-License-Identifier: Apache-2.0
//
// In how many orders the steps of a trace can be run: the linear extensions of its partial order.
// To count them is #P-complete; here they are estimated by drawing some (Knuth: "Estimating the
// efficiency of backtrack programs", Math. Comp. 29, 1975), threads with more steps left being
// likelier: of threads that nothing orders every draw then tells the exact number.
//
// Thread safety: engine context. Lives in shared memory.
// Cost: for each draw some 10 ns a step, and for steps that others come before as much for each
// thread.
#pragma once

#include <cstdint>

#include "engine/shared_heap.h"
#include "strategies/random_bits.h"
#include "strategies/trace.h"

namespace chicane::strategies {

class LinearOrders {
 public:
  /// An estimate of the logarithm (base 2) of their number, free of bias to second order. Silent
  /// steps, which come as soon as they can, are left out.
  double log2_count(const Trace& trace, RandomBits* random);

 private:
  struct Chain {
    std::uint32_t next, end;  // in `steps_`
    std::uint32_t reached;    // its steps are done up to this number
    Tid awaits;               // whom its next step waits for: kNone, nobody; itself, there is none
    std::uint32_t until;      // to have reached that
    std::uint32_t wanted;     // somebody waits for it to have reached that; kNone: nobody
  };
  void collect(const Trace& trace);
  double draw(const Trace& trace, RandomBits* random);
  void advance(const Trace& trace, Chain* chain) const;
  bool waits(const Trace& trace, std::uint32_t step, std::uint32_t before) const;
  void wait(const Trace& trace, Tid tid, Tid from);
  void go_on(const Trace& trace, Tid tid);

  struct Step {
    std::uint32_t number;  // in the trace
    bool waits;            // for others than its thread's step before did
  };
  engine::SharedVector<Step> steps_;  // those that count, by thread
  engine::SharedVector<Chain> starts_, chains_;
  std::uint32_t ready_ = 0;            // steps that are left of threads that wait for nobody
  engine::SharedVector<double> logs_;  // of the draws
};

}  // namespace chicane::strategies
