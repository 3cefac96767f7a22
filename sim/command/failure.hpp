// SPDX-License-Identifier: Apache-2.0
// What is said about a run that failed: the broken property in words, seed, commit, options, one
// line that replays it, and the capsule that was written.
#pragma once

#include "sim/run.hpp"

#include <string>

namespace harka::sim {

/// Of an outcome that is not clean.
[[nodiscard]] std::string_view name_of(Outcome outcome);

[[nodiscard]] std::string replay_line(const Plan& plan);

/// Writes `plan` as a capsule. io_failed with the system's words.
[[nodiscard]] Result<void> write_capsule(
    const Plan& plan, const RunResult& result, const std::string& path);

/// On standard output, and as a capsule in the folder that `capsules` names; empty: none.
void report_failure(const Plan& plan, const RunResult& result, const std::string& capsules);

}  // namespace harka::sim
