// SPDX-License-Identifier: Apache-2.0
// The parameters of SWIM, memberlist's where not said otherwise. Times suit one region; between
// regions the local health score stretches them.
#pragma once

#include "base/time.hpp"

#include <cstddef>
#include <cstdint>

namespace harka::membership {

struct Options {
  Duration probe_interval = 1s;
  Duration probe_timeout = 500ms;  // then helpers are asked
  std::size_t helper_count = 3;
  double nack_ratio = 0.8;       // of the timeout: when a helper admits that it heard nothing
  std::uint32_t health_max = 7;  // local health score; intervals are stretched by score + 1

  Duration gossip_interval = 200ms;  // while there is news
  std::size_t gossip_fanout = 3;
  std::size_t gossip_members_max = 16;      // in one message
  std::uint32_t retransmit_multiplier = 4;  // × ⌈log10(n + 1)⌉ sends of each news

  double suspicion_multiplier = 4;  // × max(1, log10 n) × probe interval
  Duration suspicion_cap = 30s;     // for the product above
  double suspicion_max_ratio = 6;   // without confirmations it takes that much longer
  std::uint32_t confirmations_wanted = 2;

  Duration exchange_interval = 30s;   // full push and pull with a random member
  Duration join_interval = 1s;        // per seed that no living member stands behind
  Duration dead_probe_interval = 5s;  // one of the dead: a healed partition finds itself again
  Duration left_kept = 3600s;         // those that left are forgotten after this

  /// Detection in about a second, for a demo or nodes of one site.
  [[nodiscard]] static Options fast() {
    Options options;
    options.probe_interval = 200ms;
    options.probe_timeout = 100ms;
    options.gossip_interval = 50ms;
    options.suspicion_multiplier = 3;
    options.suspicion_cap = 2500ms;
    options.exchange_interval = 10s;
    options.join_interval = 500ms;
    options.dead_probe_interval = 1s;
    return options;
  }
};

}  // namespace harka::membership
