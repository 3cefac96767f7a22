// SPDX-License-Identifier: Apache-2.0
#include "sim/client.hpp"

#include "actors/kv/command.hpp"
#include "base/numbers.hpp"
#include "sim/reply.hpp"

namespace harka::sim {

namespace {

enum Timer : TimerId { think_timer, resend_timer, give_up_timer };

std::string encode(
    kv::CommandId id, bool is_write, const std::string& key, const std::string& value) {
  std::string out;
  const std::string_view arguments[] = {key, value};
  kv::CommandWriter(out).add(
      id, is_write ? kv::encoded_flag::may_write : 0, arguments, is_write ? 2 : 1);
  return out;
}

/// A RESP integer.
std::uint64_t integer_of(std::string_view reply) {
  const bool is_integer = reply.size() > 3 && reply[0] == ':';
  const std::string_view digits = is_integer ? reply.substr(1, reply.size() - 3) : "?";
  const std::optional<std::uint64_t> number = number_of<std::uint64_t>(digits);
  if (!number) {
    throw Violation(Broken::correctness, "a strange answer to APPEND: " + std::string(reply));
  }
  return *number;
}

}  // namespace

std::string register_key(std::uint32_t shard, std::uint64_t number) {
  return "r" + std::to_string(shard) + "." + std::to_string(number);
}

std::string list_key(std::uint32_t shard, std::uint64_t number) {
  return "l" + std::to_string(shard) + "." + std::to_string(number);
}

void Client::start(Turn& turn) {
  choices_ = turn.random().fork(1);
  sequences_.resize(workload_.shards);
  leaders_.resize(workload_.shards);
  turn.set_timer(think_timer, turn.random().between(1ms, 100ms));
}

void Client::receive(const Envelope& envelope, Turn& turn) {
  dispatch(*this, envelope, turn);
}

void Client::on_timer(TimerId timer, Turn& turn) {
  switch (timer) {
    case think_timer:
      if (!workload_.is_stopped) begin(turn);
      break;
    case resend_timer:
      if (!is_busy_) break;
      if (!workload_.uses_routers) leaders_[shard_] = 0;
      ++workload_.retries;
      send(turn);
      break;
    case give_up_timer:
      if (is_busy_) finish(false, {}, turn);
      break;
    default: break;
  }
}

void Client::begin(Turn& turn) {
  is_busy_ = true;
  ++operation_;
  Random random = choices_.fork(operation_);  // the same whatever became of those before
  shard_ = static_cast<std::uint32_t>(random.below(workload_.shards));
  const std::uint64_t number = random.below(workload_.keys);
  act_ = random.chance(workload_.appends)  ? Act::append
         : random.chance(workload_.writes) ? Act::write
                                           : Act::read;
  key_ = act_ == Act::append ? list_key(shard_, number) : register_key(shard_, number);
  value_ = std::to_string(number_) + "." + std::to_string(operation_);
  if (act_ == Act::append) value_ += ",";
  if (workload_.skipped != nullptr && workload_.skipped->contains({number_, operation_})) {
    is_busy_ = false;
    turn.set_timer(think_timer, turn.random().between(1ms, workload_.think_max));
    return;
  }
  workload_.sent.emplace_back(number_, operation_);
  ++sequences_[shard_];
  began_ = turn.now();
  committed_before_ = workload_.committed(group_of(ShardId{shard_}));
  tell(false, true, act_ == Act::read ? std::string_view() : value_);
  turn.set_timer(give_up_timer, workload_.patience);
  send(turn);
}

void Client::tell(bool is_end, bool is_known, std::string_view value) const {
  if (!workload_.observe) return;
  const std::string_view act = act_ == Act::read ? "read" : act_ == Act::write ? "write" : "append";
  workload_.observe(ClientEvent{number_, operation_, is_end, is_known, act, key_, value});
}

void Client::send(Turn& turn) {
  msg::ShardBatch batch;
  batch.shard = shard_;
  batch.count = 1;
  batch.writes = act_ == Act::read ? 0 : 1;
  const kv::CommandId id = act_ == Act::read    ? kv::CommandId::get
                           : act_ == Act::write ? kv::CommandId::set
                                                : kv::CommandId::append;
  batch.commands = SharedBytes(encode(id, act_ != Act::read, key_, value_));
  if (leaders_[shard_] == 0) leaders_[shard_] = any_node(turn);
  const NodeId to{leaders_[shard_]};
  if (workload_.uses_routers) {
    if (!workload_.is_up(to)) {
      leaders_[shard_] = 0;
      retry_soon(turn);
      return;
    }
    turn.send(address_of(to, msg::ActorKind::router), std::move(batch), operation_);
    return;  // never sent twice: the router's session is what makes retries safe, not ours
  }
  batch.session = number_;
  batch.sequence = sequences_[shard_];
  batch.acknowledged = batch.sequence - 1;
  turn.send(replica_address(to, group_of(ShardId{shard_})), std::move(batch), operation_);
  turn.set_timer(resend_timer, workload_.resend_after);
}

void Client::on(const msg::ShardReply& reply, const Envelope& envelope, Turn& turn) {
  if (!is_busy_ || envelope.correlation != operation_) return;
  workload_.duplicates += reply.duplicate ? 1 : 0;
  switch (reply.outcome) {
    case msg::BatchOutcome::done:
      if (reply.applied_index < committed_before_) {
        throw Violation(
            Broken::correctness,
            "an answer as of index " + std::to_string(reply.applied_index) + " where " +
                std::to_string(committed_before_) + " was committed before the operation began");
      }
      finish(true, reply.replies.view(), turn);
      return;
    case msg::BatchOutcome::not_leader:
      leaders_[shard_] = reply.leader;
      retry_soon(turn);
      return;
    case msg::BatchOutcome::unknown:
      if (workload_.uses_routers) {
        finish(false, {}, turn);
        return;
      }
      [[fallthrough]];
    case msg::BatchOutcome::retry_later:
    case msg::BatchOutcome::stale_epoch:
      leaders_[shard_] = 0;
      retry_soon(turn);
      return;
  }
}

void Client::retry_soon(Turn& turn) {
  turn.set_timer(resend_timer, turn.random().between(5ms, 40ms));
}

void Client::finish(bool is_known, std::string_view answer, Turn& turn) {
  is_busy_ = false;
  tell(true, is_known, answer);
  if (!is_known) leaders_[shard_] = 0;
  turn.cancel_timer(give_up_timer);
  turn.cancel_timer(resend_timer);
  turn.set_timer(think_timer, turn.random().between(1ms, workload_.think_max));
  workload_.done += is_known ? 1 : 0;
  workload_.unknown += is_known ? 0 : 1;
  const bool is_error = is_known && !answer.empty() && answer[0] == '-';
  if (is_error) throw Violation(Broken::correctness, "an error: " + std::string(answer));
  if (act_ == Act::append) {
    workload_.appended.push_back({key_, value_, is_known, is_known ? integer_of(answer) : 0});
    return;
  }
  if (act_ == Act::write && is_known && answer != "+OK\r\n") {
    throw Violation(Broken::correctness, "a strange answer to SET: " + std::string(answer));
  }
  if (act_ == Act::read && !is_known) return;
  Operation operation;
  operation.key = key_;
  operation.client = number_;
  operation.act = act_ == Act::write ? sim::Act::write : sim::Act::read;
  operation.value = act_ == Act::write ? std::optional(value_) : bulk_of(answer);
  operation.start = began_.time_since_epoch().count();
  if (is_known) operation.end = turn.now().time_since_epoch().count();
  workload_.history.push_back(std::move(operation));
}

std::uint64_t Client::any_node(Turn& turn) const {
  return workload_.nodes[turn.random().below(workload_.nodes.size())].value;
}

}  // namespace harka::sim
