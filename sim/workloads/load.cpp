// SPDX-License-Identifier: Apache-2.0
#include "sim/workloads/load.hpp"

#include "actors/kv/command.hpp"
#include "base/assert.hpp"
#include "sim/workloads/loads.hpp"

namespace harka::sim {

std::string_view name_of(WorkloadKind kind) {
  switch (kind) {
    case WorkloadKind::mixed: return "mixed";
    case WorkloadKind::registers: return "register";
    case WorkloadKind::append: return "append";
    case WorkloadKind::counter: return "counter";
    case WorkloadKind::bank: return "bank";
    case WorkloadKind::cycle: return "cycle";
    case WorkloadKind::session: return "session";
    case WorkloadKind::lease: return "lease";
  }
  return "?";
}

std::optional<WorkloadKind> workload_of(std::string_view name) {
  for (const WorkloadKind kind : workload_kinds) {
    if (name_of(kind) == name) return kind;
  }
  return std::nullopt;
}

std::unique_ptr<Load> make_load(const LoadOptions& options) {
  switch (options.kind) {
    case WorkloadKind::mixed:
    case WorkloadKind::registers: return make_mixed_load(options);
    case WorkloadKind::append:
    case WorkloadKind::cycle: return make_lists_load(options);
    case WorkloadKind::counter: return make_counter_load(options);
    case WorkloadKind::bank: return make_bank_load(options);
    case WorkloadKind::session: return make_session_load(options);
    case WorkloadKind::lease: return make_lease_load(options);
  }
  ASSERT(false);
  return nullptr;
}

void add_command(
    ClientRequest& request, kv::CommandId id, const std::vector<std::string>& arguments) {
  const bool is_write = (kv::find_command(id)->flags & kv::command_flag::write) != 0;
  const std::vector<std::string_view> views(arguments.begin(), arguments.end());
  kv::CommandWriter(request.commands)
      .add(id, is_write ? kv::encoded_flag::may_write : 0, views.data(), views.size());
  ++request.count;
  request.writes += is_write ? 1 : 0;
}

std::string key_of(char kind, std::uint32_t shard, std::uint64_t number) {
  return kind + std::to_string(shard) + "." + std::to_string(number);
}

std::string value_of(std::uint32_t client, std::uint64_t operation) {
  return std::to_string(client) + "." + std::to_string(operation);
}

}  // namespace harka::sim
