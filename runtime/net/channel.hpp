// SPDX-License-Identifier: Apache-2.0
// Two connections to every peer, so that what is small and urgent (votes, heartbeats, membership,
// admin) never waits behind what is large (log entries, snapshots, client data).
#pragma once

#include <cstddef>
#include <cstdint>

namespace harka::net {

enum class Channel : std::uint8_t { control = 0, bulk = 1 };
constexpr std::size_t channel_count = 2;

}  // namespace harka::net
