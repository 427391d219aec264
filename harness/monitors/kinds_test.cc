// SPDX-License-Identifier: Apache-2.0
#include "monitors/kinds.h"

#include <gtest/gtest.h>

#include <cctype>
#include <set>

namespace chicane::monitors {
namespace {

TEST(Kinds, HasEveryKindThatIsPromised) {
  for (const char* slug : {"data-race",           "deadlock",
                           "self-deadlock",       "lock-order-inversion",
                           "double-unlock",       "unlock-of-unlocked",
                           "unlock-by-non-owner", "lock-leak",
                           "goroutine-leak",      "orphaned-goroutine",
                           "lost-wakeup",         "wait-without-lock",
                           "send-on-closed",      "close-of-closed",
                           "close-of-nil",        "negative-waitgroup",
                           "waitgroup-misuse",    "copied-lock",
                           "rwlock-upgrade",      "livelock",
                           "starvation",          "concurrent-map-access",
                           "atomicity-violation", "lost-update",
                           "use-after-put",       "use-after-free",
                           "double-free",         "assertion-failed",
                           "uncaught-panic",      "crash",
                           "nonzero-exit",        "nondeterminism",
                           "signal-unsafe-call",  "destroyed-in-use"}) {
    ASSERT_NE(find_kind(slug), nullptr) << slug;
    EXPECT_EQ(find_kind(slug)->slug, slug);
  }
}

TEST(Kinds, UnknownIsNull) {
  EXPECT_EQ(find_kind(""), nullptr);
  EXPECT_EQ(find_kind("data-races"), nullptr);
}

TEST(Kinds, EachIsWordedForReports) {
  std::set<std::string_view> seen;
  for (const KindInfo& kind : all_kinds()) {
    EXPECT_TRUE(seen.insert(kind.slug).second) << kind.slug << " appears twice";
    EXPECT_LT(kind.slug.size(), 32u) << kind.slug << " does not fit a finding";
    for (const char c : kind.slug) EXPECT_TRUE(std::islower(c) || c == '-') << kind.slug;
    EXPECT_LE(kind.title.size(), 75u) << kind.slug;
    EXPECT_LE(kind.fix.size(), 93u) << kind.slug << ": a report's line has 100 columns";
    EXPECT_FALSE(kind.meaning.empty()) << kind.slug;
    EXPECT_EQ(kind.meaning.back(), '.') << kind.slug;
    EXPECT_FALSE(kind.roles.empty()) << kind.slug;
    EXPECT_FALSE(kind.references.empty()) << kind.slug;
  }
}

}  // namespace
}  // namespace chicane::monitors
