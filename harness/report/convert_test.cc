// SPDX-License-Identifier: Apache-2.0
#include "report/convert.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace convert_sample {
int counter = 0;
}

namespace chicane::report {
namespace {

using engine::OpKind;

engine::Place place_of(const void* address, engine::Region region) {
  engine::Place place;
  place.address = reinterpret_cast<std::uint64_t>(address);
  place.region = region;
  return place;
}

engine::Finding finding(const char* kind, const char* message, engine::Place object) {
  engine::Finding result{};
  std::strcpy(result.kind, kind);
  std::strcpy(result.message, message);
  result.object = object;
  result.run = 17;
  result.step = 3;
  return result;
}

engine::FindingSite site(const char* role, engine::ThreadId thread, const char* detail) {
  engine::FindingSite result{};
  std::strcpy(result.role, role);
  std::strcpy(result.detail, detail);
  result.thread = thread;
  result.stack.depth = 1;
  result.stack.pcs[0] = reinterpret_cast<std::uint64_t>(&convert) + 8;
  return result;
}

engine::TraceRecord event(std::uint64_t step, engine::ThreadId thread, OpKind kind,
                          std::uint64_t object, std::uint64_t value = 0) {
  engine::TraceRecord result{};
  result.step = step;
  result.thread = thread;
  result.kind = kind;
  result.object = object;
  result.size = 4;
  result.value = result.value_after = value;
  return result;
}

TEST(Convert, NamesObjectsThreadsAndValues) {
  Symbolizer symbolizer;
  const auto object = place_of(&convert_sample::counter, engine::Region::kStatic);
  const std::vector<engine::FindingSite> sites = {site("write", 2, "holding no lock"),
                                                  site("read", 1, "of %o, holding no lock")};
  std::vector<engine::TraceRecord> trace = {
      event(1, 1, OpKind::kRead, object.address, 0),
      event(2, 2, OpKind::kWrite, object.address, 0xffffffff)};
  trace[1].forced = 1;
  std::vector<engine::ThreadRecord> threads(3);
  threads[1].id = 1;
  threads[1].is_goroutine = 1;
  threads[2].id = 2;
  std::strcpy(threads[2].name, "io");
  const Diagnosis diagnosis = convert(
      {sites, trace, threads},
      finding("data-race", "two threads touch the same memory, nothing orders them", object),
      symbolizer);
  EXPECT_EQ(diagnosis.kind, "data-race");
  EXPECT_EQ(diagnosis.message, "two threads touch `counter`, nothing orders them");
  EXPECT_EQ(diagnosis.object, "counter");
  EXPECT_EQ(diagnosis.declared_line, 10);
  EXPECT_TRUE(diagnosis.confirmed);
  EXPECT_EQ(diagnosis.run, 17u);
  EXPECT_EQ(diagnosis.length, 3u);
  EXPECT_EQ(diagnosis.forced_switches, 1);
  ASSERT_EQ(diagnosis.sites.size(), 2u);
  EXPECT_EQ(diagnosis.sites[1].detail, "of `counter`, holding no lock");
  EXPECT_EQ(diagnosis.sites[0].stack.at(0).function, "chicane::report::convert");
  ASSERT_EQ(diagnosis.threads.size(), 3u);
  EXPECT_EQ(diagnosis.threads[0].name, "main");
  EXPECT_EQ(diagnosis.threads[1].name, "goroutine 1");
  EXPECT_EQ(diagnosis.threads[2].name, "thread 2 (io)");
  ASSERT_EQ(diagnosis.steps.size(), 2u);
  EXPECT_EQ(diagnosis.steps[1].operation, "write");
  EXPECT_EQ(diagnosis.steps[1].value_after, "-1");
  EXPECT_EQ(diagnosis.steps[1].object, "counter");
}

// What was not read has no value: it is larger than a number, or it is what faulted.
TEST(Convert, OnlyWhatWasReadHasAValue) {
  Symbolizer symbolizer;
  std::vector<engine::TraceRecord> trace = {event(1, 0, OpKind::kRead, 0x10, 7),
                                            event(1, 0, OpKind::kRead, 0x10),
                                            event(1, 0, OpKind::kWrite, 0x10)};
  trace[1].size = 100;
  trace[2].size = 0;
  const Diagnosis diagnosis =
      convert({{}, trace, {}}, finding("crash", "segmentation fault", {}), symbolizer);
  ASSERT_EQ(diagnosis.steps.size(), 3u);
  EXPECT_EQ(diagnosis.steps[0].value, "7");
  EXPECT_EQ(diagnosis.steps[1].value + diagnosis.steps[1].value_after, "");
  EXPECT_EQ(diagnosis.steps[2].value_after, "(fault)");
}

TEST(Convert, ObjectsWithoutANameAreNumberedInOrderOfUse) {  // I2
  Symbolizer symbolizer;
  engine::Place second;
  second.address = 0x20;
  second.region = engine::Region::kHeap;
  std::vector<engine::FindingSite> sites = {site("waits", 1, "waits for `%o`")};
  sites[0].object = second;
  const std::vector<engine::TraceRecord> trace = {
      event(1, 0, OpKind::kWrite, 0x10), event(1, 0, OpKind::kLock, 0x10),
      event(2, 1, OpKind::kLock, 0x20), event(3, 1, OpKind::kSend, 0x30),
      event(4, 1, OpKind::kYield, 0x40)};
  const Diagnosis diagnosis =
      convert({sites, trace, {}}, finding("deadlock", "nobody can go on", {}), symbolizer);
  EXPECT_EQ(diagnosis.sites[0].object, "lock 2");
  EXPECT_EQ(diagnosis.sites[0].detail, "waits for lock 2");
  EXPECT_EQ(diagnosis.object, "lock 2");
  EXPECT_EQ(diagnosis.steps[0].object, "lock 1");
  EXPECT_EQ(diagnosis.steps[1].object, "lock 1");
  EXPECT_EQ(diagnosis.steps[3].object, "channel 1");
  EXPECT_EQ(diagnosis.steps[4].object, "");
}

TEST(Convert, GenericWordsGiveWayToNames) {
  Symbolizer symbolizer;
  const auto object = place_of(&convert_sample::counter, engine::Region::kStatic);
  engine::Place joined;
  joined.address = 0x50;
  std::vector<engine::FindingSite> sites = {site("waits", 0, "waits for goroutine 1 to end"),
                                            site("waits", 1, "waits for a lock that main holds"),
                                            site("holds", 0, "for reading")};
  sites[0].object = joined;
  sites[1].object = sites[2].object = object;
  const Diagnosis diagnosis = convert(
      {sites, {}, {}}, finding("deadlock", "2 threads wait for each other", joined), symbolizer);
  EXPECT_EQ(diagnosis.object, "counter");  // the first that is not a thread
  EXPECT_EQ(diagnosis.sites[0].object, "");
  EXPECT_EQ(diagnosis.sites[1].detail, "waits for `counter`, which main holds");
  EXPECT_EQ(diagnosis.sites[2].object, "counter");
  EXPECT_EQ(
      convert({}, finding("self-deadlock", "main waits for a lock that it already holds", object),
              symbolizer)
          .message,
      "main waits for `counter`, which it already holds");
  const char* others = "main waits for an atomic to change; thread 1 waits for a lock";
  EXPECT_EQ(convert({}, finding("deadlock", others, object), symbolizer).message, others)
      << "whose lock it is, is not known";
}

TEST(Convert, WorksWithoutATraceAndWithFullFields) {
  Symbolizer symbolizer;
  engine::Finding raw = finding("self-deadlock", "", {});
  std::memset(raw.message, 'x', sizeof(raw.message));  // not terminated
  const Diagnosis diagnosis = convert({}, raw, symbolizer);
  EXPECT_EQ(diagnosis.message.size(), sizeof(raw.message));
  EXPECT_EQ(diagnosis.object, "");
}

TEST(Convert, PredictionsAreNotConfirmed) {
  Symbolizer symbolizer;
  EXPECT_FALSE(convert({}, finding("lock-order-inversion", "a cycle", {}), symbolizer).confirmed);
}

TEST(Convert, ValuesAreDecimalAndNeverAddresses) {  // I1
  EXPECT_EQ(value_text(0xff, 1), "-1");
  EXPECT_EQ(value_text(0x8000, 2), "-32768");
  EXPECT_EQ(value_text(7, 4), "7");
  EXPECT_EQ(value_text(0, 8), "0");
  EXPECT_EQ(value_text(0x7ffd03977120, 8), "(pointer)");
  EXPECT_EQ(value_text(~std::uint64_t{0}, 8), "-1");
}

}  // namespace
}  // namespace chicane::report
