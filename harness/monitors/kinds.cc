// SPDX-License-Identifier: Apache-2.0
#include "monitors/kinds.h"

#include <algorithm>
#include <array>

namespace chicane::monitors {
namespace {

constexpr std::array kKinds = std::to_array<KindInfo>({
    // ---- data ----
    {"data-race", "two threads touch the same memory, nothing orders them",
     "Two accesses of one location, at least one a write and at least one not atomic, and no chain "
     "of synchronization from one to the other. In C++ that is undefined behaviour; in practice "
     "updates are lost, values are torn, and the compiler may assume that it never happens.",
     "hold one mutex around every access, or make the variable a std::atomic", "read, write, free",
     "CWE-362, CWE-366; C++ Core Guidelines CP.2; SEI CERT CON43-C"},
    {"atomicity-violation", "steps that belong together are interrupted",
     "Each access is synchronized, but another thread comes between two of them and sees, or "
     "makes, "
     "a state that only holds in between: check-then-act, read-modify-write in two calls.",
     "put the whole sequence into one critical section, or one atomic operation",
     "checks, interrupts, acts", "CWE-366, CWE-367; C++ Core Guidelines CP.2; SEI CERT CON40-C"},
    {"lost-update", "an update is overwritten by one made from an older value",
     "Two threads read the same value, and each stores a new one computed from it: the first store "
     "is lost. No data race is needed for it; atomic loads and stores do not help.",
     "use a compare-exchange loop, fetch_add, or a lock from the load to the store",
     "read, lost, write", "CWE-366; SEI CERT CON40-C"},
    {"concurrent-map-access", "a map is used by two threads at once, one of them writing",
     "Go's built-in map has no lock. A write that overlaps another access is a fatal error of the "
     "Go run time, and corrupts the table of a C++ container.",
     "guard the map with a mutex, or use SyncMap", "read, write",
     "CWE-362; C++ Core Guidelines CP.2"},
    {"use-after-put", "an object is used after it was put back into its pool",
     "What is in a pool belongs to the pool: the next get may hand it to another thread while the "
     "first one still uses it.",
     "make put the last use; let an owning handle do it", "use, put", "CWE-416, CWE-672"},
    {"use-after-free", "memory is used after it was freed",
     "The access comes, in this schedule, after the object's life has ended: a pointer or "
     "reference "
     "has outlived what it refers to, often a thread the frame that it captured.",
     "let the thread own (or share) what it uses, or join it before the owner goes",
     "read, write, free", "CWE-416; C++ Core Guidelines CP.23, CP.24; SEI CERT MEM50-CPP"},
    {"double-free", "a block of memory is freed twice",
     "The second free comes, in this schedule, while nobody has been given the block anew: two "
     "owners each believe that it is theirs to free. A little later it would be somebody else's.",
     "let one owner free it: std::unique_ptr, or std::shared_ptr where there are several",
     "free, free", "CWE-415; C++ Core Guidelines R.3, R.20; SEI CERT MEM51-CPP"},
    // ---- deadlocks ----
    {"deadlock", "threads wait, and nobody can end it",
     "No thread can go on: some wait for each other in a circle, or for something (a message, a "
     "signal, a count) that nobody is left to give. The report lists every waiting thread, what it "
     "waits for, and the locks held by one and wanted by another.",
     "take locks in one order (std::scoped_lock), and give every wait somebody who ends it",
     "holds, waits", "CWE-833; C++ Core Guidelines CP.21; SEI CERT CON53-CPP, CON35-C"},
    {"self-deadlock", "a thread waits for a lock that it already holds",
     "A mutex that is not recursive is locked again by its owner: by a loop that defers the "
     "unlock, "
     "a callback under the lock, a function that locks what its caller has locked.",
     "lock once: release before, or pass the fact that it is held down to the callee",
     "holds, waits", "CWE-833, CWE-764; C++ Core Guidelines CP.20, CP.22; SEI CERT CON56-CPP"},
    {"rwlock-upgrade", "a read lock is turned into a write lock while it is held",
     "A writer waits until all readers have gone, and this one is among them. Read-write locks "
     "have "
     "no upgrade: two that try would wait for each other.",
     "release the read lock, take the write lock, and check again what was read", "holds, waits",
     "CWE-833; C++ Core Guidelines CP.21"},
    {"lock-order-inversion", "locks are taken in orders that can deadlock",
     "In a run that did not deadlock, threads took the same locks in orders that form a circle, "
     "and "
     "nothing seen (a common lock, a join, the mode of a lock) rules the circle out. A prediction: "
     "`deadlock` is its confirmed form.",
     "take the locks in one order everywhere, or all at once with std::scoped_lock", "holds, wants",
     "CWE-833; C++ Core Guidelines CP.21; SEI CERT CON53-CPP"},
    {"lost-wakeup", "a signal was given when nobody waited, and is awaited now",
     "A condition variable remembers nothing: a signal that finds no waiter is gone. The wait that "
     "comes later, without asking a predicate first, never ends.",
     "change state under the lock, and wait in a loop on that state: wait(lock, predicate)",
     "waits, signals", "C++ Core Guidelines CP.42; SEI CERT CON54-CPP, CON36-C"},
    {"livelock", "threads run on without progress",
     "The run reached its step limit, the last part of it under a fair schedule, and these threads "
     "kept repeating the same operations: a spin on something that nobody changes, a "
     "compare-exchange that cannot succeed, a receive from a closed channel in a loop.",
     "wait for the change (condition, channel) instead of asking; make the loop's exit reachable",
     "spins", "CWE-835, CWE-821"},
    {"step-limit", "a run is not over when it has made all the operations that it may",
     "The run was cut, so that nothing is known of what would have come after. Unlike in a "
     "livelock "
     "its threads get on: they touch other memory, or store other values, all the time. It may be "
     "a "
     "long way to its end, or a loop that counts its rounds for ever.",
     "allow more operations (--step-limit) or do less in the test; give endless loops an end",
     "running", "CWE-835"},
    {"starvation", "a thread hardly ever gets its turn",
     "Others keep taking the lock (or the processor) that a thread waits for; nothing bounds how "
     "long it waits.",
     "hand the lock over in order (a ticket or queue lock), or hold it for less", "waits, holds",
     "CWE-667"},
    // ---- misuse of locks and conditions ----
    {"double-unlock", "a lock is unlocked twice",
     "The thread had unlocked it, and unlocks it again. By then another thread may have it, and "
     "loses its protection; in Go the program dies, in C++ the behaviour is undefined.",
     "one unlock per lock: leave it to std::lock_guard", "unlock, unlocked",
     "CWE-765; C++ Core Guidelines CP.20; SEI CERT CON01-C"},
    {"unlock-of-unlocked", "a lock is unlocked that is not locked",
     "An unlock without the lock before it: a path that skipped the lock, a failed try_lock, a "
     "failed timed lock.",
     "unlock only what was locked: std::unique_lock knows, and [[nodiscard]] results are checked",
     "unlock", "CWE-832; C++ Core Guidelines CP.20"},
    {"unlock-by-non-owner", "a lock is unlocked by a thread that does not hold it",
     "The owner goes on in the belief that it is alone, and the next thread comes in: two owners. "
     "Undefined for std::mutex.",
     "unlock where it was locked, or use a semaphore for handing over", "unlock",
     "CWE-832; C++ Core Guidelines CP.20"},
    {"lock-leak", "a thread ends while it holds a lock",
     "A return, break or exception left between lock and unlock. Nobody can unlock it any more; "
     "the "
     "next thread that wants it waits for ever.",
     "let a guard unlock: std::lock_guard, Defer", "locked",
     "CWE-772, CWE-667; C++ Core Guidelines CP.20; SEI CERT CON51-CPP"},
    {"copied-lock", "a copy of a lock, WaitGroup or condition is used",
     "The copy has a state of its own: locking it excludes nobody, waiting on it is never ended.",
     "pass it by reference, and delete the copy constructor of what contains it", "use",
     "CWE-821; C++ Core Guidelines CP.50"},
    {"wait-without-lock", "a condition is waited on without its lock",
     "Waiting releases the lock and sleeps in one step; without the lock, a signal can come "
     "between "
     "the test and the wait. Fatal in Go, undefined in C++.",
     "lock, then wait with the lock: std::unique_lock", "wait",
     "CWE-667; C++ Core Guidelines CP.42; SEI CERT CON54-CPP"},
    {"wait-with-other-lock", "one condition is waited on with two different locks",
     "All that wait at the same time must have come with the same lock; else they do not exclude "
     "each other, and the behaviour is undefined.",
     "keep condition, lock and the data they guard together in one object", "wait",
     "CWE-667; C++ Core Guidelines CP.50; SEI CERT POS53-C"},
    {"destroyed-in-use", "a lock or condition is destroyed while others use it",
     "Somebody holds it, or waits for it, when its life ends: what they do next touches dead "
     "memory.",
     "join the users before their lock goes", "destroy, locked",
     "CWE-416, CWE-667; SEI CERT CON50-CPP, CON31-C"},
    {"signal-unsafe-call", "a signal handler calls what may not be called there",
     "A handler may interrupt its thread anywhere, in the midst of malloc or printf or with a "
     "mutex "
     "held: to call these again waits for itself, or corrupts what it finds half done. In a quiet "
     "run nothing shows.",
     "set a volatile sig_atomic_t or a lock-free atomic; do the rest outside of the handler",
     "calls, raises", "CWE-479, CWE-828; SEI CERT SIG30-C, MSC54-CPP"},
    // ---- channels and WaitGroups ----
    {"send-on-closed", "a value is sent on a closed channel",
     "The channel was closed while a sender was still at work: a panic.",
     "let the sender close, after its last value; several senders need a WaitGroup and a closer",
     "send, closed", "CWE-672, CWE-666"},
    {"close-of-closed", "a channel is closed twice",
     "The second close panics. Several threads, or a receiver, believe that closing is their task.",
     "give the close one owner, or put it into a Once", "close, closed", "CWE-675, CWE-1341"},
    {"close-of-nil", "a nil channel is closed",
     "A channel that was never made cannot be closed: a panic.",
     "make the channel before it is shared", "close", "CWE-456, CWE-476"},
    {"negative-waitgroup", "a WaitGroup is counted below zero",
     "More done than add: a panic. Earlier waits have probably returned too soon.",
     "add once per task before it starts, and defer one done in each", "add", "CWE-682, CWE-675"},
    {"waitgroup-misuse", "add and wait of a WaitGroup overlap",
     "An add from zero that is not ordered before the wait: the wait may see zero and return "
     "before "
     "the task has begun. Or the group is used again before its last wait has returned.",
     "add before the thread is started, in the thread that waits", "add, wait", "CWE-362, CWE-366"},
    {"wrong-type", "a value of another type is stored than before",
     "AtomicValue keeps the dynamic type of its first value; storing another panics.",
     "store one type, or a struct or std::variant that has both", "store", "CWE-843"},
    // ---- what is left ----
    {"goroutine-leak", "a thread waits for ever after main has ended",
     "Nobody is left who could send, receive, signal or unlock. In a server such threads pile up, "
     "each with its stack and all that it refers to.",
     "give each wait a way out: a buffered channel, a close, a context's done", "blocked",
     "CWE-772, CWE-401; C++ Core Guidelines CP.23"},
    {"orphaned-goroutine", "a thread still runs when main has ended",
     "It is cut off in the midst of its work; in C++, static objects are destroyed under it.",
     "tell it to stop (stop token, context, closed channel) and join it", "running",
     "CWE-772; C++ Core Guidelines CP.23, CP.26"},
    // ---- ends of the program ----
    {"assertion-failed", "an assertion of the program fails",
     "Under this schedule a condition that the program states is false.",
     "follow the schedule: the last switches before the assertion are what broke it", "asserts",
     "CWE-617, CWE-362"},
    {"uncaught-panic", "a panic or exception leaves its thread",
     "In Go the whole program dies, in C++ std::terminate is called, whatever the others were "
     "doing.",
     "catch it at the thread's top and hand it over: std::promise, ErrGroup", "panics",
     "CWE-248; C++ Core Guidelines CP.60; SEI CERT ERR50-CPP, ERR51-CPP"},
    {"crash", "the program dies by a signal",
     "Under this schedule the program touched memory that is not its own, ran out of stack, "
     "aborted "
     "or exited in the midst of a run.",
     "follow the schedule to the last step: chicane replay FILE --trace", "crashes",
     "CWE-362, CWE-476, CWE-674"},
    {"nonzero-exit", "the program ends with a status other than 0",
     "Under this schedule main returned, or exit was called with, a status that says failure. "
     "Where "
     "that is no failure, say so: --allow-exit 3, or --allow-exit any.",
     "follow the schedule: the last switches before the end are what led there", "exits, returns",
     "CWE-362"},
    {"nondeterminism", "the same schedule gave two different runs",
     "The program depends on something besides its schedule: the clock, random numbers, addresses, "
     "input, or state left over from an earlier run. Its witnesses may not replay.",
     "take time and randomness from the program's parameters, and reset globals", "differs",
     "CWE-758"},
    {"uncontrolled", "a blocking call that the scheduler does not see",
     "The program waits in a raw system call, spins on plain memory, or calls a library that "
     "blocks: "
     "no other thread can be scheduled meanwhile.",
     "wait with std::, pthread or golang primitives, or leave the call out of the explored part",
     "blocks", "CWE-833"},
});

}  // namespace

const KindInfo* find_kind(std::string_view slug) {
  const auto found =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const KindInfo& k) { return k.slug == slug; });
  return found == kKinds.end() ? nullptr : &*found;
}

std::span<const KindInfo> all_kinds() { return kKinds; }

}  // namespace chicane::monitors
