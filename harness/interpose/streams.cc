// SPDX-License-Identifier: Apache-2.0
//
// Front door: the streams of stdio. They must not be used in a handler of a signal (signal.h); and
// two threads that use one meet there (state.h).
#include <stdio.h>
#include <unistd.h>

#include <cstdarg>

#include "interpose/real.h"
#include "interpose/signal.h"
#include "interpose/state.h"

namespace chicane::interpose {
namespace {

using engine::Engine;

/// The object of what is done to a stream; null: it leads out of the program.
const void* stream_place(FILE* stream) {
  if (Engine::active() == nullptr || stream == nullptr || stream == stdout || stream == stderr) {
    return nullptr;
  }
  const int fd = fileno(stream);
  return fd >= 0 ? file_place(fd) : stream;
}

/// A call of stdio, while it exists.
class StreamCall {
 public:
  StreamCall(const char* function, FILE* stream, const void* site)
      : call_(true, checked(function, stream, site), site) {}

 private:
  static const void* checked(const char* function, FILE* stream, const void* site) {
    if (g_in_signal_handler != 0) [[unlikely]] {
      if (Engine* engine = Engine::active()) check_signal_safety(*engine, function, site);
    }
    return stream_place(stream);
  }
  const StateCall call_;
};

FILE* opened(FILE* stream) {
  if (stream != nullptr) note_opened(fileno(stream));
  return stream;
}

}  // namespace
}  // namespace chicane::interpose

namespace interpose = chicane::interpose;

// ---- streams come and go ----

#define CHICANE_OPENS(name, parameters, arguments)                              \
  CHICANE_REAL(FILE*, name, parameters)                                         \
  extern "C" FILE* name parameters {                                            \
    const interpose::StateCall call(true, &interpose::g_files, CHICANE_SITE()); \
    return interpose::opened(interpose::real_##name() arguments);               \
  }

CHICANE_OPENS(fopen, (const char* path, const char* mode), (path, mode))
CHICANE_OPENS(fopen64, (const char* path, const char* mode), (path, mode))
CHICANE_OPENS(freopen, (const char* path, const char* mode, FILE* stream), (path, mode, stream))
CHICANE_OPENS(freopen64, (const char* path, const char* mode, FILE* stream), (path, mode, stream))
CHICANE_OPENS(tmpfile, (), ())
CHICANE_OPENS(tmpfile64, (), ())

CHICANE_STATE(true, &interpose::g_files, int, fclose, (FILE * stream), (stream), )

// ---- what is done to them ----

#define CHICANE_STREAM(result, name, parameters, arguments)          \
  CHICANE_REAL(result, name, parameters)                             \
  extern "C" result name parameters {                                \
    const interpose::StreamCall call(#name, stream, CHICANE_SITE()); \
    return interpose::real_##name() arguments;                       \
  }
// The same of one that a header may have as an inline function, too.
#define CHICANE_INLINE_STREAM(result, name, parameters, arguments)   \
  CHICANE_REAL(result, name, parameters)                             \
  extern "C" result chicane_##name parameters asm(#name);            \
  extern "C" result chicane_##name parameters {                      \
    const interpose::StreamCall call(#name, stream, CHICANE_SITE()); \
    return interpose::real_##name() arguments;                       \
  }

CHICANE_STREAM(int, fputs, (const char* text, FILE* stream), (text, stream))
CHICANE_STREAM(std::size_t, fwrite,
               (const void* from, std::size_t size, std::size_t count, FILE* stream),
               (from, size, count, stream))
CHICANE_STREAM(int, vfprintf, (FILE * stream, const char* format, va_list arguments),
               (stream, format, arguments))
CHICANE_STREAM(int, fputc, (int letter, FILE* stream), (letter, stream))
CHICANE_INLINE_STREAM(int, putc, (int letter, FILE* stream), (letter, stream))
CHICANE_STREAM(int, fflush, (FILE * stream), (stream))

CHICANE_STREAM(std::size_t, fread, (void* to, std::size_t size, std::size_t count, FILE* stream),
               (to, size, count, stream))
CHICANE_STREAM(char*, fgets, (char* to, int size, FILE* stream), (to, size, stream))
CHICANE_STREAM(int, fgetc, (FILE * stream), (stream))
CHICANE_INLINE_STREAM(int, getc, (FILE * stream), (stream))
CHICANE_STREAM(int, ungetc, (int letter, FILE* stream), (letter, stream))
CHICANE_STREAM(ssize_t, getdelim, (char** to, std::size_t* size, int end, FILE* stream),
               (to, size, end, stream))
CHICANE_INLINE_STREAM(ssize_t, getline, (char** to, std::size_t* size, FILE* stream),
                      (to, size, stream))

CHICANE_STREAM(int, fseek, (FILE * stream, long to, int from), (stream, to, from))
CHICANE_STREAM(int, fseeko, (FILE * stream, off_t to, int from), (stream, to, from))
CHICANE_STREAM(int, fseeko64, (FILE * stream, off64_t to, int from), (stream, to, from))
CHICANE_STREAM(long, ftell, (FILE * stream), (stream))
CHICANE_STREAM(off_t, ftello, (FILE * stream), (stream))
CHICANE_STREAM(off64_t, ftello64, (FILE * stream), (stream))
CHICANE_STREAM(void, rewind, (FILE * stream), (stream))

CHICANE_REAL(int, vprintf, (const char*, va_list))
CHICANE_REAL(int, puts, (const char*))
CHICANE_REAL(int, vfscanf, (FILE*, const char*, va_list))

extern "C" {

int printf(const char* format, ...) {
  const interpose::StreamCall call("printf", stdout, CHICANE_SITE());
  va_list arguments;
  va_start(arguments, format);
  const int result = interpose::real_vprintf()(format, arguments);
  va_end(arguments);
  return result;
}
int fprintf(FILE* stream, const char* format, ...) {
  const interpose::StreamCall call("fprintf", stream, CHICANE_SITE());
  va_list arguments;
  va_start(arguments, format);
  const int result = interpose::real_vfprintf()(stream, format, arguments);
  va_end(arguments);
  return result;
}
int puts(const char* text) {
  const interpose::StreamCall call("puts", stdout, CHICANE_SITE());
  return interpose::real_puts()(text);
}
// By other names than their own, which the header gives to inline functions.
int chicane_putchar(int letter) asm("putchar");
int chicane_putchar(int letter) {
  const interpose::StreamCall call("putchar", stdout, CHICANE_SITE());
  return interpose::real_putc()(letter, stdout);
}
int chicane_fscanf(FILE* stream, const char* format, ...) asm("__isoc99_fscanf");
int chicane_fscanf(FILE* stream, const char* format, ...) {
  const interpose::StreamCall call("fscanf", stream, CHICANE_SITE());
  va_list arguments;
  va_start(arguments, format);
  const int result = interpose::real_vfscanf()(stream, format, arguments);
  va_end(arguments);
  return result;
}

}  // extern "C"
