// SPDX-License-Identifier: Apache-2.0
//
// What differs between two processes and makes no difference: process ids, addresses, and bytes
// that were not written. Nothing of it steers the program.
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>

struct Padded {
  char letter;
  int number;
};

static std::atomic<Padded*> shared;
static Padded copy;
static pid_t process;
static std::thread::id reader_id;

int main() {
  process = getpid();
  auto padded = std::unique_ptr<Padded>(static_cast<Padded*>(std::malloc(sizeof(Padded))));
  padded->letter = 'a';
  padded->number = 1;
  shared = padded.get();
  std::thread reader([] {
    reader_id = std::this_thread::get_id();
    copy = *shared.load();
  });
  reader.join();
  std::free(padded.release());
  return copy.number == 1 ? 0 : 1;
}
