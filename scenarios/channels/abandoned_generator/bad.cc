// SPDX-License-Identifier: Apache-2.0
// Notes S1:626,634-651: the consumer of the iterator stops early, the generator waits in `send`.
#include <vector>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {

struct Block {
  int hash;
  int prev_hash;  // 0: the first of the chain
};

struct BlockChain {
  int tail_hash;
  std::vector<Block> blocks;
};

RecvChan<Block> iterator(BlockChain chain) {
  Chan<Block> c;
  go([=] {
    int current_hash = chain.tail_hash;
    while (current_hash != 0) {
      for (const Block& v : chain.blocks) {
        if (v.hash == current_hash) {
          c.send(v);  //~ goroutine-leak#generator blocked [sched]: nobody takes the second block
          current_hash = v.prev_hash;
        }
      }
    }
    c.close();
  });
  return c;
}

}  // namespace

CHICANE_SCENARIO(abandoned_generator, bad) {
  const BlockChain chain{3, {{3, 2}, {2, 1}, {1, 0}}};
  for (Block block : iterator(chain)) {
    if (block.hash == 3) break;
  }
}
