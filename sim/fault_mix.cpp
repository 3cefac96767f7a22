// SPDX-License-Identifier: Apache-2.0
#include "sim/fault_mix.hpp"

#include <algorithm>
#include <utility>

namespace harka::sim {

namespace {

struct Share {
  FaultKind kind;
  double chance;  // that a seed has it
  int weight;     // how often it comes then
};

constexpr std::array<Share, fault_kinds - 2> shares{{
    {FaultKind::crash, 0.8, 4},      {FaultKind::storm, 0.2, 1},
    {FaultKind::power_loss, 0.5, 1}, {FaultKind::pause, 0.6, 2},
    {FaultKind::slow_cpu, 0.3, 1},   {FaultKind::partition, 0.6, 2},
    {FaultKind::isolate, 0.6, 2},    {FaultKind::bridge, 0.6, 1},
    {FaultKind::cut_out, 0.4, 1},    {FaultKind::cut_in, 0.4, 1},
    {FaultKind::clog, 0.5, 2},       {FaultKind::swizzle, 0.3, 1},
    {FaultKind::reset, 0.4, 2},      {FaultKind::narrow, 0.2, 1},
    {FaultKind::slow_disk, 0.5, 2},  {FaultKind::full_disk, 0.2, 1},
    {FaultKind::sync_error, 0.3, 1}, {FaultKind::rot, 0.25, 2},
    {FaultKind::misplace, 0.15, 1},  {FaultKind::replace, 0.25, 2},
    {FaultKind::kill_actor, 0.5, 2}, {FaultKind::stall_actor, 0.3, 1},
    {FaultKind::overflow, 0.3, 1},   {FaultKind::clock_step, 0.2, 1},
    {FaultKind::transfer, 0.6, 3},   {FaultKind::change, 0.6, 3},
}};

// Drawn besides, from a stream of its own: most runs would not get far with it.
constexpr double kill_often_chance = 0.15;
constexpr std::uint64_t kill_often_stream = 1'000'000;

bool needs_operator(FaultKind kind) {
  return kind == FaultKind::change || kind == FaultKind::replace;
}

class Draw {
 public:
  Draw(Random random, std::uint32_t nodes, std::uint32_t shards)
      : random_(random), nodes_(nodes), shards_(shards) {}

  Fault fault(FaultKind kind) {
    fault_.kind = kind;
    whom(kind);
    others(kind);
    how_long(kind);
    how_much(kind);
    return std::move(fault_);
  }

 private:
  void whom(FaultKind kind) {
    switch (kind) {
      case FaultKind::power_loss:
      case FaultKind::partition: return;
      case FaultKind::transfer:
      case FaultKind::change:
      case FaultKind::bridge: fault_.target = any_leader(); return;
      default: fault_.target = random_.chance(0.4) ? any_leader() : any_node();
    }
  }

  void others(FaultKind kind) {
    switch (kind) {
      case FaultKind::partition:
      case FaultKind::bridge:
      case FaultKind::cut_out:
      case FaultKind::cut_in:
      case FaultKind::clog:
      case FaultKind::swizzle:
      case FaultKind::reset:
      case FaultKind::narrow: fault_.others = some_nodes(random_.chance(0.5) ? 0.5 : 0.8); return;
      case FaultKind::change:
        fault_.others = shuffled();
        fault_.others.resize(1 + random_.below(std::min<std::uint64_t>(5, nodes_)));
        return;
      default: return;
    }
  }

  void how_long(FaultKind kind) {
    switch (kind) {
      case FaultKind::reset:
      case FaultKind::rot:
      case FaultKind::misplace:
      case FaultKind::replace:
      case FaultKind::kill_actor:
      case FaultKind::clock_step:
      case FaultKind::transfer:
      case FaultKind::change: return;
      case FaultKind::crash:
      case FaultKind::sync_error: fault_.lasts = one_of(1ms, 50ms, 4s); return;
      case FaultKind::power_loss: fault_.lasts = between(1ms, 500ms); return;
      case FaultKind::pause:
      case FaultKind::stall_actor: fault_.lasts = one_of(1ms, 300ms, 2s); return;
      default: fault_.lasts = between(100ms, 4s);
    }
  }

  void how_much(FaultKind kind) {
    switch (kind) {
      case FaultKind::crash:
      case FaultKind::power_loss: fault_.amount = below(3); return;
      case FaultKind::storm: fault_.amount = 3 + below(6); return;
      case FaultKind::slow_cpu: fault_.amount = 200 + below(20'000); return;
      case FaultKind::narrow: fault_.amount = 2'000 + below(50'000); return;
      case FaultKind::slow_disk: fault_.amount = 5 + below(600); return;
      case FaultKind::clock_step: fault_.amount = below(20'001) - 10'000; return;
      case FaultKind::transfer: fault_.amount = random_.chance(0.5) ? 0 : 1 + below(nodes_); return;
      case FaultKind::change: fault_.amount = random_.chance(0.3) ? spare_node() : 0; return;
      case FaultKind::rot:
      case FaultKind::misplace:
      case FaultKind::kill_actor:
      case FaultKind::stall_actor:
      case FaultKind::kill_often:
      case FaultKind::overflow: fault_.amount = below(1'000'000); return;
      default: return;
    }
  }

  Target any_node() { return {false, 1 + static_cast<std::uint32_t>(random_.below(nodes_))}; }

  Target any_leader() { return {true, static_cast<std::uint32_t>(random_.below(shards_))}; }

  std::vector<std::uint32_t> shuffled() {
    std::vector<std::uint32_t> all;
    for (std::uint32_t node = 1; node <= nodes_; ++node) all.push_back(node);
    for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[random_.below(i)]);
    return all;
  }

  std::vector<std::uint32_t> some_nodes(double share) {
    std::vector<std::uint32_t> all = shuffled();
    std::erase_if(all, [&](std::uint32_t) { return !random_.chance(share); });
    return all;
  }

  std::int64_t spare_node() {
    for (const std::uint32_t node : shuffled()) {
      if (std::ranges::find(fault_.others, node) == fault_.others.end()) return node;
    }
    return 0;
  }

  Duration between(Duration from, Duration to) { return random_.between(from, to); }

  /// Half of them shorter than `middle`, half longer.
  Duration one_of(Duration from, Duration middle, Duration to) {
    return random_.chance(0.5) ? between(from, middle) : between(middle, to);
  }

  std::int64_t below(std::uint64_t bound) {
    return static_cast<std::int64_t>(random_.below(bound));
  }

  Random random_;
  std::uint32_t nodes_;
  std::uint32_t shards_;
  Fault fault_;
};

/// Until supervisors give up; half the time beside an actor that does not stop when it is told to.
void kill_often(
    std::vector<Fault>& faults,
    Random random,
    std::uint32_t nodes,
    std::uint32_t shards,
    Duration phase) {
  Fault kill = Draw(random.fork(1), nodes, shards).fault(FaultKind::kill_often);
  kill.at = random.between(20ms, phase);
  Fault stall = Draw(random.fork(2), nodes, shards).fault(FaultKind::stall_actor);
  stall.target = kill.target;
  stall.at = kill.at;
  stall.lasts = random.between(6s, 10s);
  if (random.chance(0.5)) faults.push_back(stall);
  faults.push_back(kill);
  std::ranges::stable_sort(faults, {}, &Fault::at);
}

}  // namespace

std::string FaultMix::describe() const {
  std::string text;
  for (const Share& share : shares) {
    if (!has(share.kind)) continue;
    text += std::string(text.empty() ? "" : ",") + std::string(name_of(share.kind));
  }
  if (has(FaultKind::kill_often)) text += std::string(text.empty() ? "" : ",") + "kill-often";
  if (strikes > 0) text += std::string(text.empty() ? "" : ",") + "strikes";
  return text.empty() ? "none" : text;
}

FaultMix draw_mix(Random random, bool changes_members) {
  FaultMix mix;
  for (const Share& share : shares) {
    const bool is_on = random.chance(share.chance);
    mix.kinds[static_cast<std::size_t>(share.kind)] =
        is_on && (changes_members || !needs_operator(share.kind));
  }
  mix.kinds[static_cast<std::size_t>(FaultKind::kill_often)] =
      random.fork(kill_often_stream).chance(kill_often_chance);
  mix.strikes = random.chance(0.5) ? 0 : 0.3;
  mix.interval_max = random.chance(0.5) ? 1s : 2500ms;
  return mix;
}

std::vector<Fault> draw_faults(
    const FaultMix& mix, Random random, std::uint32_t nodes, std::uint32_t shards, Duration phase) {
  std::vector<FaultKind> kinds;
  for (const Share& share : shares) {
    for (int i = 0; mix.has(share.kind) && i < share.weight; ++i) kinds.push_back(share.kind);
  }
  std::vector<Fault> faults;
  if (kinds.empty()) return faults;
  Duration at = random.between(20ms, mix.interval_max);
  for (std::uint64_t number = 0; at < phase; ++number) {
    const FaultKind kind = kinds[random.below(kinds.size())];
    faults.push_back(Draw(random.fork(number), nodes, shards).fault(kind));
    faults.back().at = at;
    at += random.between(20ms, mix.interval_max);
  }
  if (mix.has(FaultKind::kill_often)) {
    kill_often(faults, random.fork(kill_often_stream), nodes, shards, phase);
  }
  return faults;
}

}  // namespace harka::sim
