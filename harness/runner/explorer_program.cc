// SPDX-License-Identifier: Apache-2.0
#include "runner/explorer_program.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

#include "engine/scope.h"
#include "interpose/early_blocks.h"
#include "interpose/environment.h"
#include "interpose/exit.h"
#include "interpose/process.h"
#include "interpose/real.h"
#include "report/result_json.h"
#include "report/source_map.h"
#include "runner/explore_options.h"
#include "runner/explorer.h"
#include "runner/explorer_modules.h"
#include "runner/explorer_statics.h"
#include "runner/problem.h"
#include "runner/program_session.h"
#include "witness/whole_file.h"

using Main = int (*)(int, char**, char**);
using Plain = void (*)();

CHICANE_REAL(int, __libc_start_main, (Main, int, char**, Plain, Plain, Plain, void*))

namespace chicane::runner {
namespace {

[[noreturn]] void leave(int status) {
  std::fflush(nullptr);
  syscall(SYS_exit_group, status);  // without the program's exit handlers (I1)
  __builtin_unreachable();
}

[[noreturn]] void refuse(const std::string& folder, const std::string& why, bool unavailable) {
  Result result;
  result.error = why;
  result.unavailable = unavailable;
  std::string error;
  const bool told = witness::write_whole(folder + "/result", report::to_text(result), &error);
  if (!told) std::fprintf(stderr, "chicane: %s\n", error.c_str());
  leave(told ? 0 : 2);
}

bool read_request(const std::string& folder, Session* session, Options* options,
                  std::string* error) {
  std::string text;
  if (!read_file(folder + "/request", &text)) {
    *error = folder + "/request cannot be read";
    return false;
  }
  if (!from_text(text, session, error)) return false;
  ExploreFlags flags;
  ExploreSettings settings;
  if (!split_arguments(session->arguments, &flags)) {
    *error =
        "the request has options that are not known: `chicane` and the program are of two versions";
    return false;
  }
  if (!read_explore_flags(flags, &settings, error)) return false;
  apply(settings, options);
  options->leg = session->leg;
  options->program = session->program;
  options->witness_dir = session->witness_dir;
  options->isolate_runs = session->isolation == Isolation::kRun;
  options->interruptible = true;
  options->shrink = !session->check && !session->as_found;
  options->whole_trace = session->whole_trace;
  options->stop_at_step = session->stop_at_step;
  return true;
}

/// What stands for nothing to read and for output that nobody wants: opened once, where the
/// program's own descriptors do not come.
class Nowhere {
 public:
  Nowhere() {
    const int low = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (low < 0) return;
    constexpr int kHigh = 900;
    descriptor_ = fcntl(low, F_DUPFD_CLOEXEC, kHigh);
    if (descriptor_ < 0) descriptor_ = fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close(low);
  }
  void become(int descriptor) const { dup2(descriptor_, descriptor); }

 private:
  int descriptor_ = -1;
};

// Descriptor `to` becomes `path`, opened anew: with an offset of its own.
void open_as(int to, const char* path, int flags) {
  const int from = open(path, flags | O_CLOEXEC);
  if (from < 0) return;
  dup2(from, to);
  if (from != to) close(from);
}

// The runs' output would flood whoever looks on: only a recorded run's is kept, in the log.
void prepare(const Session& session, const Nowhere& nowhere, const Statics* statics,
             bool recorded) {
  if (statics != nullptr) statics->restore();
  if (session.isolation == Isolation::kBatch) {
    // What the C library remembers of the run before.
    optind = 0;
    std::clearerr(stdin);
    std::rewind(stdin);
  }
  if (session.standard_input.empty()) {
    nowhere.become(STDIN_FILENO);
  } else {
    open_as(STDIN_FILENO, session.standard_input.c_str(), O_RDONLY);
  }
  if (session.show_output || recorded) return;
  nowhere.become(STDOUT_FILENO);
  nowhere.become(STDERR_FILENO);
}

/// Notices whether somebody reads from a file. The terminal's stand-in has something to read: a
/// line's end, since reading nothing at a file's end is no event.
class ReadWatch {
 public:
  explicit ReadWatch(const std::string& path) {
    if (path.empty()) return;
    descriptor_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    inotify_add_watch(descriptor_, path.c_str(), IN_ACCESS);
  }
  ~ReadWatch() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  ReadWatch(const ReadWatch&) = delete;
  ReadWatch& operator=(const ReadWatch&) = delete;
  bool was_read() const {
    char event[512];
    return descriptor_ >= 0 && read(descriptor_, event, sizeof event) > 0;
  }

 private:
  int descriptor_ = -1;
};

void check_flavour(const std::string& folder, const Options& options) {
  const bool tsan = engine::has_real_tsan();
  if (options.leg == "tsan" && !tsan) {
    refuse(folder,
           "the leg tsan needs a program that is linked with ThreadSanitizer: link it once more, "
           "with CHICANE_RUNTIME=tsan in the environment of chicane-c++ or chicane-cc",
           true);
  }
  if (options.leg != "tsan" && tsan) {
    refuse(folder,
           "this program is linked for the leg tsan only: link it without CHICANE_RUNTIME=tsan for "
           "the leg " +
               options.leg,
           true);
  }
}

// Threads of the template would be missing in its children.
void check_threads(const std::string& folder, const Session& session) {
  if (interpose::g_native_thread_site == nullptr) return;
  report::Symbolizer symbolizer;
  const auto& frames =
      symbolizer.frames(reinterpret_cast<std::uintptr_t>(interpose::g_native_thread_site));
  const Frame* frame = report::user_frame(frames);
  std::string place;
  if (frame != nullptr) {
    place = " (" + frame->function +
            (frame->line > 0
                 ? " at " + report::base_name(frame->file) + ":" + std::to_string(frame->line)
                 : "") +
            ")";
  }
  refuse(folder,
         session.program + " started a thread before main" + place +
             ", which Chicane cannot control: start it from main, or at its first use",
         false);
}

void note_statuses(const Session& session) {
  for (const int status : session.allowed_statuses) {
    if (status < 0) interpose::allow_every_exit_status();
    interpose::allow_exit_status(status);
  }
  interpose::call_early_handlers(session.isolation == Isolation::kRun);
}

}  // namespace

void host_program(const MainCall& call, const char* folder_text) {
  const std::string folder = folder_text;
  interpose::end_of_construction();
  // One arena: each thread's own would cost a run many system calls, and its addresses their order.
  mallopt(M_ARENA_MAX, 1);
  Session session;
  Options options;
  std::string error;
  if (!read_request(folder, &session, &options, &error)) refuse(folder, error, false);
  // When who asked for it is killed the search ends as by an interrupt. A debugger may go before.
  if (session.stop_at_step == 0) prctl(PR_SET_PDEATHSIG, SIGTERM);
  check_flavour(folder, options);
  check_threads(folder, session);
  note_statuses(session);
  interpose::resolve_all();
  const auto run_main = [&call] {
    const int status = call.main(call.argument_count, call.arguments, call.environment);
    interpose::end_program(*engine::Engine::active(), interpose::Ending::kReturn, status,
                           reinterpret_cast<const char*>(call.main) + 1);
  };
  const ReadWatch terminal(session.terminal ? session.standard_input : "");
  const Nowhere nowhere;
  std::unique_ptr<Statics> statics;
  // ThreadSanitizer's allocator would give early blocks back.
  if (session.isolation == Isolation::kBatch && !engine::has_real_tsan()) {
    interpose::keep_early_blocks();
    statics = std::make_unique<Statics>();
  }
  Explorer explorer(run_main, options);
  explorer.host(
      {.command = session.command,
       .directory = std::filesystem::current_path().string(),
       .standard_input = session.terminal ? "" : session.standard_input,
       .isolation = to_string(session.isolation),
       .before_run = [&](bool recorded) { prepare(session, nowhere, statics.get(), recorded); },
       .end_process = &interpose::end_after_last_thread});
  explorer.tell_progress_to(folder + "/progress");
  const bool shrinks = session.shorten || session.check;
  Result result = session.schedule.empty() ? explorer.explore()
                  : shrinks                ? explorer.shrink(session.schedule)
                                           : explorer.replay(session.schedule);
  if (terminal.was_read()) {
    refuse(folder,
           session.program +
               " reads its terminal: each run would wait for somebody who types\n"
               "  instead: give it a file or a pipe as standard input",
           false);
  }
  // Under a debugger a person looked at it: nobody waits for a result, and who asked may be gone.
  if (session.stop_at_step != 0) leave(0);
  // What could not run may have too little memory for that, too.
  if (result.error.empty()) result.modules_not_instrumented = modules_without_instrumentation();
  if (!witness::write_whole(folder + "/result", report::to_text(result), &error)) {
    std::fprintf(stderr, "chicane: %s\n", error.c_str());
    leave(2);
  }
  leave(0);
}

}  // namespace chicane::runner

namespace {

std::string* g_folder;  // of the session
Main g_main;

int hosted_main(int count, char** arguments, char** environment) {
  chicane::runner::host_program({g_main, count, arguments, environment}, g_folder->c_str());
}

}  // namespace

extern "C" {
// By it the command tells a program that it can explore.
// NOLINTNEXTLINE(readability-identifier-naming): a C symbol, looked up by this name
__attribute__((used)) extern const char chicane_runtime_marker[] = "chicane runtime";

int __libc_start_main(Main main, int count, char** arguments, Plain init, Plain fini,
                      Plain rtld_fini, void* stack_end) {
  if (chicane::interpose::is_hosted()) {
    g_folder = new std::string(std::getenv(chicane::runner::kSessionVariable));
    unsetenv(chicane::runner::kSessionVariable);  // what the program starts is no part of it
    const char* bound = std::getenv(chicane::runner::kBindVariable);
    if (bound != nullptr && std::strcmp(bound, chicane::runner::kBindMark) == 0) {
      unsetenv(chicane::runner::kBindVariable);
    }
    chicane::interpose::watch_environment();
    g_main = main;
    main = &hosted_main;
  }
  return chicane::interpose::real___libc_start_main()(main, count, arguments, init, fini, rtld_fini,
                                                      stack_end);
}

}  // extern "C"
