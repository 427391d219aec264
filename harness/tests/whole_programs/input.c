// SPDX-License-Identifier: Apache-2.0
// Sums the numbers on its standard input, and ends with the sum as its status.
#include <stdio.h>

int main(void) {
  int sum = 0;
  for (int number; scanf("%d", &number) == 1;) sum += number;
  return sum;
}
