// SPDX-License-Identifier: Apache-2.0
//
// expect: livelock spins
// schedules: 1
// native: no, because it never ends
static void spin() {
  for (;;) asm volatile("");
}

int main() {
  spin();
  return 0;
}
