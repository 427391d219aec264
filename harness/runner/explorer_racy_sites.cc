// SPDX-License-Identifier: Apache-2.0
#include "runner/explorer_racy_sites.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "report/source_map.h"
#include "runner/explorer_witness.h"

namespace chicane::runner {
namespace {

using report::Symbolizer;
using witness::RacySite;

/// Whether a call ends at a code address of this process: as what a racy access does, and what its
/// callers do.
bool behind_call(std::uint64_t pc) {
#if defined(__x86_64__)
  const auto* code = reinterpret_cast<const unsigned char*>(pc);
  if (code[-5] == 0xe8) return true;
  constexpr int kLongest = 7;  // through a register or memory
  for (int length = 2; length <= kLongest; ++length) {
    if (code[-length] == 0xff && (code[1 - length] & 0x38) == 0x10) return true;
  }
  return false;
#elif defined(__aarch64__)
  const std::uint32_t code = reinterpret_cast<const std::uint32_t*>(pc)[-1];
  return code >> 26 == 0x25 || (code & 0xfffffc1f) == 0xd63f0000;
#else
  return pc != 0;
#endif
}

class RacySites {
 public:
  RacySites(const witness::ScheduleFile& file, bool same_build, Symbolizer& symbolizer)
      : file_(file), same_build_(same_build), symbolizer_(symbolizer) {}

  bool find(std::vector<std::uint64_t>* sites, std::string* error) {
    for (const RacySite& racy : file_.racy) {
      const std::size_t before = sites->size();
      add(racy, sites);
      if (sites->size() != before) continue;
      *error = fmt::format(
          "the schedule no longer fits the program: it has the racy access at {} as an operation, "
          "and that is not there any more",
          !racy.place.empty()    ? racy.place
          : !racy.symbol.empty() ? racy.symbol
                                 : fmt::format("{} +{:x}", racy.module, racy.offset));
      return false;
    }
    return true;
  }

 private:
  void add(const RacySite& racy, std::vector<std::uint64_t>* sites) {
    if (same_build_) return add_same(racy, sites);
    const std::optional<RacySite> marked = marked_by(racy);
    if (!marked) return add_moved(racy, sites);
    const std::size_t before = sites->size();
    add_moved(*marked, sites);
    for (std::size_t i = before; i < sites->size(); ++i) {
      (*sites)[i] += racy.offset - marked->offset;
    }
  }

  void add_same(const RacySite& racy, std::vector<std::uint64_t>* sites) {
    const std::uint64_t site = symbolizer_.address_of({racy.module, racy.offset});
    if (site != 0) sites->push_back(site);
  }

  /// A monitor that has proven something of an access says so by an address in the middle of the
  /// instruction behind it (atomicity.h): it goes where the access has gone.
  std::optional<RacySite> marked_by(const RacySite& racy) const {
    constexpr std::uint64_t kFarthest = 2;
    std::optional<RacySite> marked;  // an access may have several
    for (const RacySite& other : file_.racy) {
      const std::uint64_t behind = racy.offset - other.offset;
      if (other.module != racy.module || behind < 1 || behind > kFarthest) continue;
      if (!marked || other.offset < marked->offset) marked = other;
    }
    return marked;
  }

  void add_moved(const RacySite& racy, std::vector<std::uint64_t>* sites) {
    // A library is not built anew with the program. One without symbols has nothing else to tell.
    if (racy.symbol.empty() && racy.module != file_.program) return add_same(racy, sites);
    const auto ranges = candidates(racy);
    if (ranges.empty()) return;
    const Symbolizer::CodeRange& range = ranges.front();
    const std::uint64_t same = range.low + racy.offset_in_symbol;
    if (same <= range.high && behind_call(same)) {
      sites->push_back(same);
      return;
    }
    // The function has changed: what is on that line now.
    for (std::uint64_t pc = range.low + 6; pc <= range.high; ++pc) {
      if (behind_call(pc) && place_of(symbolizer_.frames(pc)) == racy.place) sites->push_back(pc);
    }
  }

  /// The functions of that name, those in the schedule's own file first.
  std::vector<Symbolizer::CodeRange> candidates(const RacySite& racy) {
    std::vector<Symbolizer::CodeRange> ranges =
        symbolizer_.functions_named(racy.module, racy.symbol);
    const std::string base = racy.place.substr(0, racy.place.rfind(':'));
    const auto rank = [&](const Symbolizer::CodeRange& range) {
      const std::string& file = symbolizer_.frames(range.low + 1).front().file;
      if (!file_.scenario.empty() && file.ends_with(file_.scenario + ".cc")) return 0;
      return report::base_name(file) == base ? 1 : 2;
    };
    std::stable_sort(ranges.begin(), ranges.end(),
                     [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    return ranges;
  }

  const witness::ScheduleFile& file_;
  bool same_build_;
  Symbolizer& symbolizer_;
};

}  // namespace

bool find_racy_sites(const witness::ScheduleFile& file, bool same_build, Symbolizer& symbolizer,
                     std::vector<std::uint64_t>* sites, std::string* error) {
  return RacySites(file, same_build, symbolizer).find(sites, error);
}

}  // namespace chicane::runner
