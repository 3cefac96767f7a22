// SPDX-License-Identifier: Apache-2.0
#include "sim/plan.hpp"

#include <algorithm>

namespace harka::sim {

namespace {

void draw_edges(Plan& plan, Random& random) {
  plan.links.latency_max = random.chance(0.5) ? 2ms : 30ms;
  plan.links.loss = random.chance(0.3) ? 0 : 0.06 * static_cast<double>(random.below(100)) / 100;
  plan.links.duplicate = random.chance(0.4) ? 0 : 0.05;
  plan.links.slow = random.chance(0.4) ? 0 : 0.02;
  plan.stores.sync_max = random.chance(0.6) ? 2ms : 25ms;
  plan.stores.stall = random.chance(0.4) ? 0 : 0.01;
  plan.stores.snapshot_part_bytes = random.chance(0.5) ? 100 : 4096;
  plan.stores.log.segment_bytes = random.chance(0.5) ? 64 * 1024 : 256 * 1024;
  plan.stores.log.copy_forward_bytes_max = random.chance(0.5) ? 4 * 1024 : 32 * 1024;
}

void draw_knobs(Plan& plan, Random& random) {
  plan.raft.leases = random.chance(0.7);
  plan.raft.append_bytes_max = random.chance(0.4) ? 400 : limits::append_bytes_max;
  plan.raft.in_flight_max = random.chance(0.4) ? 2 : limits::append_in_flight_max;
  plan.raft.retained_bytes_max = random.chance(0.5) ? 600 : limits::append_in_flight_bytes_max;
  plan.raft.promotion_timeout = 3s;
  plan.flush_bytes = random.chance(0.5) ? 500 : 4U << 20;
  plan.flush_interval = random.chance(0.5) ? 200ms : 2s;
  // Two clocks differ by less than the drift that leases allow for.
  plan.clock_drift = random.chance(0.5) ? 0 : limits::clock_drift_max * 0.45;
}

/// Half of all runs do what finds most; the others share the rest.
WorkloadKind draw_workload(std::uint64_t seed, Profile profile) {
  Random random = Random(seed).fork(80);
  if (random.chance(0.5)) return WorkloadKind::mixed;
  const std::size_t others = std::size(workload_kinds) - 1;
  const WorkloadKind kind = workload_kinds[1 + random.below(others)];
  const bool has_sessions = profile != Profile::cluster;  // of the clients, not of routers
  return kind == WorkloadKind::session && !has_sessions ? WorkloadKind::mixed : kind;
}

/// Leases that are as good as they may get, and what makes leaders miss that they were deposed.
void strain_leases(Plan& plan) {
  plan.raft.leases = true;
  plan.clock_drift = limits::clock_drift_max * 0.45;
  plan.writes = std::max(plan.writes, 0.3);
  FaultMix mix;
  for (const FaultKind kind : {FaultKind::isolate, FaultKind::pause, FaultKind::cut_in}) {
    mix.kinds[static_cast<std::size_t>(kind)] = true;
  }
  mix.interval_max = 4s;
  const std::vector<Fault> more =
      draw_faults(mix, Random(plan.seed).fork(81), plan.nodes, plan.shards, plan.fault_phase);
  plan.faults.insert(plan.faults.end(), more.begin(), more.end());
  std::ranges::stable_sort(plan.faults, {}, &Fault::at);
}

}  // namespace

std::string_view name_of(Profile profile) {
  switch (profile) {
    case Profile::core: return "core";
    case Profile::cluster: return "cluster";
    case Profile::calm: return "calm";
  }
  return "?";
}

std::optional<Profile> profile_of(std::string_view name) {
  for (const Profile profile : {Profile::core, Profile::cluster, Profile::calm}) {
    if (name_of(profile) == name) return profile;
  }
  return std::nullopt;
}

Plan draw_plan(std::uint64_t seed, Profile profile, std::optional<WorkloadKind> workload) {
  Random random = Random(seed).fork(77);
  Plan plan;
  plan.seed = seed;
  plan.profile = profile;
  plan.nodes = 1 + static_cast<std::uint32_t>(random.below(7));
  plan.voters = 1 + static_cast<std::uint32_t>(random.below(std::min(plan.nodes, 5U)));
  plan.shards = 1 + static_cast<std::uint32_t>(random.below(2));
  plan.clients = 2 + static_cast<std::uint32_t>(random.below(4));
  plan.keys = 2 + static_cast<std::uint32_t>(random.below(5));
  plan.writes = random.chance(0.6) ? 0.5 : 0.04;
  plan.appends = plan.writes < 0.1 ? 0.02 : 0.15;
  plan.think_max = random.chance(0.7) ? 40ms : 250ms;
  draw_edges(plan, random);
  draw_knobs(plan, random);
  plan.mix = draw_mix(random.fork(1), profile == Profile::core);
  plan.power_loss_at_end = random.chance(0.3);
  plan.heals_all = random.chance(0.5);
  // From a stream of its own: the other draws of a seed stay what they were.
  plan.raft.log_writes_pending_max =
      Random(seed).fork(78).chance(0.4) ? 1 : limits::log_writes_pending_max;
  Random of_readers = Random(seed).fork(79);
  plan.readers = static_cast<std::uint32_t>(of_readers.below(3));
  plan.staleness_max = of_readers.chance(0.5) ? 200ms : 1s;
  if (profile == Profile::cluster) {
    plan.nodes = 3 + static_cast<std::uint32_t>(random.below(3));
    plan.shards = 2 + static_cast<std::uint32_t>(random.below(7));
    plan.voters = std::min(plan.voters, plan.nodes);  // the map says who votes
    plan.warm_up = 6s;
  }
  if (profile == Profile::calm) {
    plan.mix = FaultMix{};
    plan.fault_phase = 3s;
    plan.power_loss_at_end = false;
    plan.heals_all = true;
  }
  plan.faults =
      draw_faults(plan.mix, Random(seed).fork(99), plan.nodes, plan.shards, plan.fault_phase);
  plan.workload = workload.value_or(draw_workload(seed, profile));
  if (plan.workload == WorkloadKind::lease && profile != Profile::calm) strain_leases(plan);
  return plan;
}

}  // namespace harka::sim
