// SPDX-License-Identifier: Apache-2.0
//
// Runs one program of the corpus (tests/programs), natively or under the engine, and holds what
// came of it against what the program's file says:
//
//     programs <file> native      as itself; its output must be the expected one
//     programs <file> engine      explored; in every run that ends well its output must be the
//                                 expected one, and the diagnoses must be those expected
//
// What a program's file says, in comments at the beginning of a line:
//
//     // expect: clean                        no diagnosis (the default)
//     // expect: deadlock waits@tag ...       this one, with sites in these roles at the lines that
//                                             end in `//~ tag`; "kind" alone leaves them open
//     // says: text                           a part of the diagnosis's message
//     // stdout: text                         a line that it prints
//     // schedules: 50                        how many (default 200)
//     // native: no, because ...              it cannot be run natively
//
// All programs are linked into this one executable, so that the corpus costs one link: main() of
// each is renamed after its file.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "chicane/chicane.h"
#include "report/source_map.h"
#include "runner/explorer_child.h"

// The programs, by name; CMake writes the list.
#define CHICANE_PROGRAM(name) int chicane_program_##name();
#define CHICANE_C_PROGRAM(name) extern "C" int chicane_program_##name(void);
#include "programs.inc"
#undef CHICANE_PROGRAM
#undef CHICANE_C_PROGRAM

namespace {

struct Named {
  const char* name;
  int (*main)();
};

const Named kPrograms[] = {
#define CHICANE_PROGRAM(name) {#name, &chicane_program_##name},
#define CHICANE_C_PROGRAM(name) CHICANE_PROGRAM(name)
#include "programs.inc"
};

struct Expectations {
  std::string path;
  std::vector<std::string> lines;  // the file's
  std::vector<std::string> diagnoses, says;
  std::string output;
  std::uint64_t schedules = 200;
  std::string not_native;
};

bool take(const std::string& line, const char* key, std::string* value) {
  const std::string prefix = std::string("// ") + key + ":";
  if (line.compare(0, prefix.size(), prefix) != 0) return false;
  *value = line.substr(std::min(line.size(), prefix.size() + 1));
  return true;
}

Expectations read_expectations(const std::string& path) {
  Expectations expected;
  expected.path = path;
  std::ifstream file(path);
  for (std::string line, value; std::getline(file, line);) {
    expected.lines.push_back(line);
    if (take(line, "expect", &value) && value != "clean") expected.diagnoses.push_back(value);
    if (take(line, "says", &value)) expected.says.push_back(value);
    if (take(line, "stdout", &value)) expected.output += value + "\n";
    if (take(line, "schedules", &value)) expected.schedules = std::stoull(value);
    if (take(line, "native", &value)) expected.not_native = value;
  }
  return expected;
}

int line_of(const Expectations& expected, const std::string& tag) {
  const std::string end = "//~ " + tag;
  for (std::size_t i = 0; i < expected.lines.size(); ++i) {
    const std::string& line = expected.lines[i];
    if (line.size() >= end.size() && line.compare(line.size() - end.size(), end.size(), end) == 0) {
      return static_cast<int>(i) + 1;
    }
  }
  return 0;
}

std::string describe(const chicane::Diagnosis& diagnosis) {
  std::string text = diagnosis.kind;
  for (const chicane::Site& site : diagnosis.sites) {
    const chicane::Frame* frame = chicane::report::user_frame(site);
    text += " " + site.role + "@" + (frame == nullptr ? "0" : std::to_string(frame->line));
  }
  return text + "  (" + diagnosis.message + ")";
}

// "role@tag": the role, or the line, may be left out.
bool fits(const Expectations& expected, const chicane::Site& site, const std::string& word) {
  const std::size_t at = word.find('@');
  const std::string role = word.substr(0, at);
  if (!role.empty() && role != site.role) return false;
  if (at == std::string::npos) return true;
  const chicane::Frame* frame = chicane::report::user_frame(site);
  return frame != nullptr && frame->line == line_of(expected, word.substr(at + 1));
}

bool fits(const Expectations& expected, const chicane::Diagnosis& diagnosis,
          const std::string& text) {
  std::istringstream words(text);
  std::string kind;
  words >> kind;
  if (kind != diagnosis.kind) return false;
  std::vector<const chicane::Site*> left;
  for (const chicane::Site& site : diagnosis.sites) left.push_back(&site);
  bool any = false;
  for (std::string word; words >> word; any = true) {
    const auto site = std::find_if(left.begin(), left.end(), [&](const chicane::Site* candidate) {
      return fits(expected, *candidate, word);
    });
    if (site == left.end()) return false;
    left.erase(site);
  }
  return !any || left.empty();
}

int complain(const Expectations& expected, const std::string& what, const std::string& wanted,
             const std::string& got) {
  std::printf("%s: %s\n  expected:\n%s\n  got:\n%s\n", expected.path.c_str(), what.c_str(),
              wanted.c_str(), got.c_str());
  return 1;
}

int check_diagnoses(const Expectations& expected, const chicane::Result& result) {
  std::string wanted, got;
  for (const std::string& text : expected.diagnoses) wanted += "    " + text + "\n";
  for (const auto& diagnosis : result.diagnoses) got += "    " + describe(diagnosis) + "\n";
  bool same = expected.diagnoses.size() == result.diagnoses.size() && result.error.empty();
  for (std::size_t i = 0; same && i < expected.diagnoses.size(); ++i) {
    same = std::any_of(
        result.diagnoses.begin(), result.diagnoses.end(),
        [&](const auto& diagnosis) { return fits(expected, diagnosis, expected.diagnoses[i]); });
  }
  if (!same) return complain(expected, "other diagnoses " + result.error, wanted, got);
  for (const std::string& text : expected.says) {
    if (got.find(text) == std::string::npos) {
      return complain(expected, "the message says something else", "    " + text, got);
    }
  }
  return 0;
}

// The output of all runs: the expected one again and again. Of runs that end badly there may be a
// part, and how many there are of which is the search's business.
int check_output(const Expectations& expected, const std::string& output, std::uint64_t runs) {
  std::uint64_t whole = 0;
  std::size_t at = 0;
  const std::size_t size = expected.output.size();
  while (size != 0 && output.compare(at, size, expected.output) == 0) {
    at += size;
    ++whole;
  }
  const bool good = expected.diagnoses.empty() ? at == output.size() && (size == 0 || whole == runs)
                                               : size != 0 || output.empty();
  if (good) return 0;
  return complain(
      expected, "other output in run " + std::to_string(whole + 1) + " of " + std::to_string(runs),
      expected.output, output.substr(at, 500));
}

/// What is printed meanwhile goes to a file; `text()` ends that.
class Output {
 public:
  Output() : file_(memfd_create("output", 0)), before_(dup(STDOUT_FILENO)) {
    std::fflush(stdout);
    dup2(file_, STDOUT_FILENO);
  }
  std::string text() {
    std::fflush(stdout);
    dup2(before_, STDOUT_FILENO);
    std::string all(static_cast<std::size_t>(lseek(file_, 0, SEEK_END)), '\0');
    if (pread(file_, all.data(), all.size(), 0) < 0) all.clear();
    return all;
  }

 private:
  int file_, before_;
};

int run_natively(const Expectations& expected, const Named& program) {
  Output output;
  program.main();
  return check_output({expected.path, {}, {}, {}, expected.output, 1, ""}, output.text(), 1);
}

int run_under_engine(const Expectations& expected, const Named& program) {
  chicane::Options options;
  options.schedules = expected.schedules;
  options.program = program.name;
  options.shrink = expected.schedules > 2;  // of what takes seconds, one run shows enough
  Output output;
  const chicane::Result result = chicane::explore([&] { program.main(); }, options);
  const std::string text = output.text();
  if (result.unavailable) {
    std::printf("%s\n", result.error.c_str());
    return 77;
  }
  const int bad = check_diagnoses(expected, result);
  return bad != 0 ? bad
                  : check_output(expected, text, result.runs + chicane::runner::g_runs_besides);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: programs <file.cc> native|engine\n", stderr);
    return 2;
  }
  const std::string path = argv[1], way = argv[2];
  const std::size_t begin = path.find_last_of('/') + 1;
  const std::string name = path.substr(begin, path.find_last_of('.') - begin);
  const Expectations expected = read_expectations(path);
  for (const Named& program : kPrograms) {
    if (name != program.name) continue;
    if (way == "engine") return run_under_engine(expected, program);
    if (expected.not_native.empty()) return run_natively(expected, program);
    std::printf("%s is not run natively: %s\n", path.c_str(), expected.not_native.c_str());
    return 77;
  }
  std::fprintf(stderr, "programs: no program is called %s\n", name.c_str());
  return 2;
}
