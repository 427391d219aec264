// SPDX-License-Identifier: Apache-2.0
//
// The first of the runtime's objects, and so the first behind those of the program: linkers lay out
// what they are given in its order. The program's own variables lie before these two
// (explorer_statics.h), and its code before the third (interpose/refuse.h).

extern "C" {
// NOLINTBEGIN(readability-identifier-naming): C symbols, looked up by these names
__attribute__((used)) char chicane_program_data_end = 1;
__attribute__((used)) char chicane_program_bss_end;
__attribute__((used)) void chicane_program_text_end() {}
// NOLINTEND(readability-identifier-naming)
}
