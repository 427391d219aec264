// SPDX-License-Identifier: Apache-2.0
//
// expect: use-after-free write@writes free@deletes
// native: no, because it is wrong
namespace {

struct Node {
  int value;
};

}  // namespace

__attribute__((noinline)) static Node* hidden(Node* node) {
  asm volatile("" : "+r"(node));
  return node;
}

int main() {
  Node* node = new Node{1};
  delete hidden(node);      //~ deletes
  hidden(node)->value = 2;  //~ writes
  return 0;
}
