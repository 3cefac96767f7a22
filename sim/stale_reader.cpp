// SPDX-License-Identifier: Apache-2.0
#include "sim/stale_reader.hpp"

#include "actors/kv/command.hpp"
#include "sim/reply.hpp"
#include "sim/workloads/loads.hpp"

#include <algorithm>

namespace harka::sim {

namespace {

enum Timer : TimerId { think_timer, give_up_timer };

}  // namespace

void StaleReader::start(Turn& turn) {
  turn.set_timer(think_timer, turn.random().between(1ms, 100ms));
}

void StaleReader::receive(const Envelope& envelope, Turn& turn) {
  dispatch(*this, envelope, turn);
}

void StaleReader::on_timer(TimerId timer, Turn& turn) {
  if (timer == give_up_timer) {
    finish(turn);
  } else if (!workload_.is_stopped) {
    begin(turn);
  }
}

void StaleReader::begin(Turn& turn) {
  Random& random = turn.random();
  is_busy_ = true;
  ++operation_;
  shard_ = static_cast<std::uint32_t>(random.below(workload_.shards));
  keys_.clear();
  for (std::uint64_t left = 1 + random.below(3); left > 0; --left) {
    keys_.push_back(key_of('r', shard_, random.below(workload_.keys)));
  }
  began_ = workload_.world_now();
  turn.set_timer(give_up_timer, workload_.patience);
  send(turn);
}

void StaleReader::send(Turn& turn) {
  const NodeId to = workload_.nodes[turn.random().below(workload_.nodes.size())];
  if (!workload_.is_up(to)) {
    finish(turn);
    return;
  }
  std::string commands;
  kv::CommandWriter writer(commands);
  for (const std::string& key : keys_) {
    const std::string_view argument = key;
    writer.add(kv::CommandId::get, 0, &argument, 1);
  }
  msg::ShardBatch batch;
  batch.shard = shard_;
  batch.count = static_cast<std::uint32_t>(keys_.size());
  batch.stale_reads = true;
  batch.min_index = seen_[shard_];
  batch.commands = SharedBytes(std::move(commands));
  const Address address = workload_.uses_routers ? address_of(to, msg::ActorKind::router)
                                                 : replica_address(to, group_of(ShardId{shard_}));
  turn.send(address, std::move(batch), operation_);
}

void StaleReader::on(const msg::ShardReply& reply, const Envelope& envelope, Turn& turn) {
  if (!is_busy_ || envelope.correlation != operation_) return;
  if (reply.outcome == msg::BatchOutcome::done) {
    if (reply.lengths.size() != keys_.size()) {
      throw Violation(Broken::correctness, "a stale read has replies missing");
    }
    std::size_t offset = 0;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      StalenessOracle::Read read;
      read.group = group_of(ShardId{shard_});
      read.key = keys_[i];
      read.value = bulk_of(reply.replies.view().substr(offset, reply.lengths[i]));
      read.index = reply.applied_index;
      read.min_index = seen_[shard_];
      read.began = began_;
      oracle_.check(read);
      offset += reply.lengths[i];
    }
    seen_[shard_] = reply.applied_index;
    ++workload_.stale_reads;
  }
  finish(turn);
}

void StaleReader::finish(Turn& turn) {
  is_busy_ = false;
  turn.cancel_timer(give_up_timer);
  turn.set_timer(think_timer, turn.random().between(1ms, workload_.think_max));
}

}  // namespace harka::sim
