// SPDX-License-Identifier: Apache-2.0
// Recorded histories of clients as JSON lines, from real processes or the simulator. One object a
// line:
//   {"client": 3, "op": "write", "key": "k", "value": "v", "outcome": "ok", "start_ns": 1,
//   "end_ns": 9}
// op is write or read; a read's value is null when the key was absent; outcome is ok, fail
// (certainly nothing happened) or unknown, whose end_ns is null.
#pragma once

#include "base/result.hpp"
#include "sim/checkers/linearizability.hpp"

#include <string>
#include <vector>

namespace harka::sim {

/// invalid_argument names the line that is wrong. Failed operations are left out.
[[nodiscard]] Result<std::vector<Operation>> read_history(const std::string& path);

}  // namespace harka::sim
