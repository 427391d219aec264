// SPDX-License-Identifier: Apache-2.0
// The same iterator; the consumer says when it wants no more.
//~ none
#include <optional>
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

RecvChan<Block> iterator(BlockChain chain, RecvChan<Unit> quit) {
  Chan<Block> c;
  go([=] {
    int current_hash = chain.tail_hash;
    while (current_hash != 0) {
      for (const Block& v : chain.blocks) {
        if (v.hash == current_hash) {
          select(on_send(c, v, [&] { current_hash = v.prev_hash; }),
                 on_recv(quit, [&](std::optional<Unit>) { current_hash = 0; }));
        }
      }
    }
    c.close();
  });
  return c;
}

}  // namespace

CHICANE_SCENARIO(abandoned_generator, good) {
  const BlockChain chain{3, {{3, 2}, {2, 1}, {1, 0}}};
  Chan<Unit> quit;
  for (Block block : iterator(chain, quit)) {
    if (block.hash == 3) break;
  }
  quit.close();
}
