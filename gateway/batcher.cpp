// SPDX-License-Identifier: Apache-2.0
// One allocation a batch (its bytes, which travel on as they are); none a command.
#include "gateway/batcher.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace harka::gateway {

namespace {

constexpr std::size_t lane_count = 3;
constexpr std::size_t spare_max = 256;

}  // namespace

void Batcher::add(const Item& item) {
  const std::size_t lane = item.shard * lane_count + static_cast<std::size_t>(item.token.lane);
  if (lane >= lanes_.size()) lanes_.resize((item.shard + 1) * lane_count);
  Gathered& gathered = lanes_[lane];
  if (gathered.tokens.empty()) {
    dirty_.push_back(lane);
    gathered.commands.reserve(512);
    if (gathered.tokens.capacity() == 0 && !spare_.empty()) {
      gathered.tokens = std::move(spare_.back());
      spare_.pop_back();
    }
  }
  kv::CommandWriter(gathered.commands)
      .add(item.command, item.flags, item.arguments.data(), item.arguments.size());
  gathered.tokens.push_back(item.token);
  if (item.token.is_write) ++gathered.writes;
  gathered.min_index = std::max(gathered.min_index, item.min_index);
  if (gathered.commands.size() >= batch_bytes_max_) {
    // Lanes before it go first: a connection's earlier commands may be in them.
    submit_all();
  }
}

void Batcher::submit_all() {
  // A port that answers at once may make sessions add more: those go in the next round.
  while (!dirty_.empty()) {
    std::vector<std::size_t> lanes;
    lanes.swap(dirty_);
    for (const std::size_t lane : lanes) submit(lane);
    if (dirty_.empty()) {
      lanes.clear();
      dirty_.swap(lanes);  // keeps the capacity
      return;
    }
  }
}

void Batcher::submit(std::size_t lane) {
  Gathered& gathered = lanes_[lane];
  if (gathered.tokens.empty()) return;
  msg::ShardBatch batch;
  batch.shard = static_cast<std::uint32_t>(lane / lane_count);
  batch.count = static_cast<std::uint32_t>(gathered.tokens.size());
  batch.writes = gathered.writes;
  batch.stale_reads = static_cast<Lane>(lane % lane_count) == Lane::stale_reads;
  batch.min_index = gathered.min_index;
  batch.commands = SharedBytes(std::exchange(gathered.commands, {}));
  const std::uint64_t ticket = open(Flight{batch.shard, std::exchange(gathered.tokens, {})});
  gathered.writes = 0;
  gathered.min_index = 0;
  port_.submit(std::move(batch), ticket);
}

std::uint64_t Batcher::open(Flight flight) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(flights_.size()));
    flights_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  Slot& slot = flights_[index];
  ASSERT(!slot.is_used);
  slot.is_used = true;
  slot.flight = std::move(flight);
  return std::uint64_t{slot.generation} << 32U | index;
}

Batcher::Flight Batcher::take(std::uint64_t ticket) {
  const auto index = static_cast<std::uint32_t>(ticket);
  if (index >= flights_.size()) return {};
  Slot& slot = flights_[index];
  if (!slot.is_used || slot.generation != ticket >> 32U) return {};
  slot.is_used = false;
  ++slot.generation;
  free_.push_back(index);
  return std::exchange(slot.flight, {});
}

void Batcher::recycle(Flight flight) {
  if (spare_.size() >= spare_max || flight.tokens.capacity() > 4096) return;
  flight.tokens.clear();
  spare_.push_back(std::move(flight.tokens));
}

}  // namespace harka::gateway
