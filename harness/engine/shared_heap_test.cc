// SPDX-License-Identifier: Apache-2.0
//
// Oracle: what a child process wrote before it was killed is there in its parent, and in the next
// child.
#include "engine/shared_heap.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace chicane::engine {
namespace {

struct Heap {
  Heap() : heap(SharedHeap::create()), before(SharedHeap::use(heap)) {}
  ~Heap() {
    SharedHeap::use(before);
    heap->destroy();
  }
  SharedHeap* heap;
  SharedHeap* before;
};

void in_child_that_dies(SharedVector<int>* vector) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    for (int i = 0; i < 1000; ++i) vector->push_back(static_cast<int>(vector->size()));
    raise(SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
}

TEST(SharedHeap, KeepsWhatAKilledChildWrote) {
  const Heap used;
  ASSERT_NE(used.heap, nullptr);
  auto* vector = new (SharedHeap::allocate(sizeof(SharedVector<int>))) SharedVector<int>;
  in_child_that_dies(vector);
  in_child_that_dies(vector);
  ASSERT_EQ(vector->size(), 2000u);
  for (int i = 0; i < 2000; ++i) EXPECT_EQ((*vector)[static_cast<std::size_t>(i)], i);
  vector->~SharedVector<int>();
}

TEST(SharedHeap, GivesBackToWhereMemoryCameFrom) {
  SharedVector<int> own(3, 7);  // I1: from the process's heap
  const Heap used;
  const std::size_t before = used.heap->in_use();
  {
    SharedVector<int> shared(100, 1);
    EXPECT_GE(used.heap->in_use(), before + 400);
    own = SharedVector<int>();
    SharedHeap::use(nullptr);
  }
  SharedHeap::use(used.heap);
  EXPECT_EQ(used.heap->in_use(), before);
}

TEST(SharedHeap, UsesMemoryAgain) {
  const Heap used;
  void* first = SharedHeap::allocate(100);
  SharedHeap::deallocate(first, 100);
  EXPECT_EQ(SharedHeap::allocate(128), first);
}

}  // namespace
}  // namespace chicane::engine
