// SPDX-License-Identifier: Apache-2.0
// Parts of a register's history that are linearizable whenever the whole is: what is wrong with
// such a part is wrong with the whole.
#pragma once

#include "sim/checkers/operation.hpp"

#include <set>
#include <vector>

namespace harka::sim {

/// What was known at this time: what had not ended has no outcome yet.
[[nodiscard]] std::vector<Operation> history_until(
    const std::vector<Operation>& history, std::int64_t time);

/// What had ended at this time is in what the key held, which may be anything; what was under way
/// may be in it or not.
[[nodiscard]] std::vector<Operation> history_after(
    const std::vector<Operation>& history, std::int64_t time);

/// Without whoever wrote these values and whoever saw them; what compared with one just writes. A
/// refused comparison may have been refused because of one, so all of those go.
[[nodiscard]] std::vector<Operation> history_without(
    const std::vector<Operation>& history, const std::set<std::optional<std::string>>& values);

}  // namespace harka::sim
