// SPDX-License-Identifier: Apache-2.0
// From nothing to a cluster that serves: start the processes, create the cluster once, wait until
// every shard is led. Shared by the demo and by `harka bench` without an address.
#pragma once

#include "apps/demo/interrupt.hpp"
#include "apps/demo/processes.hpp"
#include "base/limits.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace harka::apps {

using Say = std::function<void(const std::string&)>;

/// Which node's client address leads each shard, as one living node sees it; empty where nobody
/// does. The clusters made here have the default number of shards.
[[nodiscard]] std::vector<std::string> shard_leaders(const std::vector<std::string>& living);

/// Starts every node and creates the cluster, unless a kept folder holds one already. Says what it
/// waits for. Nodes that started keep running when it fails.
[[nodiscard]] Result<void> bring_up(DemoProcesses& processes, Interrupt& interrupt, const Say& say);

/// Waits until every shard is led and each of `nodes` leads some; says what is missing meanwhile.
[[nodiscard]] Result<void> wait_until_leading(
    DemoProcesses& processes,
    const std::vector<std::string>& nodes,
    Interrupt& interrupt,
    const Say& say);

}  // namespace harka::apps
