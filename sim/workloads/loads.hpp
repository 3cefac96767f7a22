// SPDX-License-Identifier: Apache-2.0
// Who makes which load, and what they share in writing requests.
#pragma once

#include "actors/kv/command_table.hpp"
#include "sim/workloads/load.hpp"

namespace harka::sim {

[[nodiscard]] std::unique_ptr<Load> make_mixed_load(const LoadOptions& options);
[[nodiscard]] std::unique_ptr<Load> make_lists_load(const LoadOptions& options);
[[nodiscard]] std::unique_ptr<Load> make_counter_load(const LoadOptions& options);
[[nodiscard]] std::unique_ptr<Load> make_bank_load(const LoadOptions& options);
[[nodiscard]] std::unique_ptr<Load> make_session_load(const LoadOptions& options);
[[nodiscard]] std::unique_ptr<Load> make_lease_load(const LoadOptions& options);

/// Puts a command behind those that a request has.
void add_command(
    ClientRequest& request, kv::CommandId id, const std::vector<std::string>& arguments);

/// "r1.4": number 4 of this kind of key in shard 1.
[[nodiscard]] std::string key_of(char kind, std::uint32_t shard, std::uint64_t number);
/// "3.17": operation 17 of client 3, a value that nobody else writes.
[[nodiscard]] std::string value_of(std::uint32_t client, std::uint64_t operation);

}  // namespace harka::sim
