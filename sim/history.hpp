// SPDX-License-Identifier: Apache-2.0
// Recorded histories of clients, from real processes or the simulator, in the formats that
// docs/HISTORIES.md describes: HARKA's own, which has a JSON object a line, and the register format
// of the etcd logs that Jepsen's authors published. The file itself tells which it is.
#pragma once

#include "base/result.hpp"
#include "sim/checkers/operation.hpp"
#include "sim/checkers/transaction.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace harka::sim {

struct History {  // one of the two is empty
  std::vector<Operation> operations;
  std::vector<Transaction> transactions;
};

/// invalid_argument names the line that is wrong. What certainly did not happen is left out.
[[nodiscard]] Result<History> read_history(const std::string& path);

/// The two formats alone; an error says "LINE: what is wrong".
[[nodiscard]] Result<History> history_of_json(std::string_view text);
[[nodiscard]] Result<History> history_of_jepsen(std::string_view text);

}  // namespace harka::sim
