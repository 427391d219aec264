// SPDX-License-Identifier: Apache-2.0
#include "chicane/chicane.h"
#include "monitors/kinds.h"
#include "report/terminal.h"

namespace chicane {

std::string to_text(const Diagnosis& diagnosis) { return report::render(diagnosis, {}); }

bool is_kind(const std::string& kind) { return monitors::find_kind(kind) != nullptr; }

}  // namespace chicane
