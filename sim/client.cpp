// SPDX-License-Identifier: Apache-2.0
#include "sim/client.hpp"

#include "sim/violation.hpp"

#include <algorithm>

namespace harka::sim {

namespace {

enum Timer : TimerId { think_timer, resend_timer, give_up_timer };

/// The answer to each command, in place.
std::vector<std::string_view> split(const msg::ShardReply& reply, std::uint32_t count) {
  std::vector<std::string_view> replies;
  std::string_view rest = reply.replies.view();
  for (const std::uint32_t length : reply.lengths) {
    replies.push_back(rest.substr(0, length));
    rest.remove_prefix(std::min<std::size_t>(length, rest.size()));
  }
  if (replies.size() != count || !rest.empty()) {
    throw Violation(
        Broken::correctness,
        std::to_string(replies.size()) + " answers to " + std::to_string(count) + " commands");
  }
  return replies;
}

}  // namespace

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
      if (!workload_.uses_routers) leaders_[request_.shard] = 0;
      ++workload_.retries;
      send(turn);
      break;
    case give_up_timer:
      if (is_busy_) finish(answer_.has_value(), turn);
      break;
    default: break;
  }
}

void Client::begin(Turn& turn) {
  is_busy_ = true;
  ++operation_;
  Random random = choices_.fork(operation_);  // the same whatever became of those before
  request_ = workload_.load->draw(random, number_, operation_);
  if (workload_.skipped != nullptr && workload_.skipped->contains({number_, operation_})) {
    is_busy_ = false;
    turn.set_timer(think_timer, turn.random().between(1ms, workload_.think_max));
    return;
  }
  workload_.sent.emplace_back(number_, operation_);
  ++sequences_[request_.shard];
  began_ = workload_.world_now();
  committed_before_ = workload_.committed(group_of(ShardId{request_.shard}));
  answer_.reset();
  repeats_left_ = workload_.uses_routers ? 0 : request_.repeats;  // the session is the router's
  if (request_.asks_anyone) leaders_[request_.shard] = 0;
  tell(false, true, request_.value);
  turn.set_timer(give_up_timer, workload_.patience);
  send(turn);
}

void Client::tell(bool is_end, bool is_known, std::string_view value) const {
  if (!workload_.observe) return;
  workload_.observe(
      ClientEvent{number_, operation_, is_end, is_known, request_.act, request_.key, value});
}

void Client::send(Turn& turn) {
  msg::ShardBatch batch;
  batch.shard = request_.shard;
  batch.count = request_.count;
  batch.writes = request_.writes;
  batch.commands = SharedBytes(std::string(request_.commands));
  if (leaders_[request_.shard] == 0) leaders_[request_.shard] = any_node(turn);
  const NodeId to{leaders_[request_.shard]};
  if (workload_.uses_routers) {
    if (!workload_.is_up(to)) {
      leaders_[request_.shard] = 0;
      retry_soon(turn);
      return;
    }
    turn.send(address_of(to, msg::ActorKind::router), std::move(batch), operation_);
    return;  // never sent twice: the router's session is what makes retries safe, not ours
  }
  batch.session = number_;
  batch.sequence = sequences_[request_.shard];
  batch.acknowledged = batch.sequence - 1;
  turn.send(replica_address(to, group_of(ShardId{request_.shard})), std::move(batch), operation_);
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
      answered(reply, turn);
      return;
    case msg::BatchOutcome::not_leader:
      leaders_[request_.shard] = reply.leader;
      retry_soon(turn);
      return;
    case msg::BatchOutcome::unknown:
      if (workload_.uses_routers) {
        finish(false, turn);
        return;
      }
      [[fallthrough]];
    case msg::BatchOutcome::retry_later:
    case msg::BatchOutcome::stale_epoch:
      leaders_[request_.shard] = 0;
      retry_soon(turn);
      return;
  }
}

void Client::retry_soon(Turn& turn) {
  turn.set_timer(resend_timer, turn.random().between(5ms, 40ms));
}

void Client::answered(const msg::ShardReply& reply, Turn& turn) {
  if (!answer_) {
    answer_ = reply;
    answered_ = workload_.world_now();
  } else if (reply.replies != answer_->replies || reply.lengths != answer_->lengths) {
    throw Violation(
        Broken::correctness,
        "what was answered " + std::string(answer_->replies.view()) + " to " + request_.value +
            " on " + request_.key + " is answered " + std::string(reply.replies.view()) +
            " when it is asked again");
  }
  if (repeats_left_ > 0) {
    ask_again(turn);
  } else {
    finish(true, turn);
  }
}

/// Of any node, and often late enough for another one to lead.
void Client::ask_again(Turn& turn) {
  --repeats_left_;
  leaders_[request_.shard] = 0;
  const bool is_late = turn.random().chance(0.2);
  turn.set_timer(resend_timer, turn.random().between(5ms, is_late ? 600ms : 50ms));
}

void Client::finish(bool is_known, Turn& turn) {
  is_busy_ = false;
  tell(true, is_known, is_known ? answer_->replies.view() : std::string_view());
  if (!is_known) leaders_[request_.shard] = 0;
  turn.cancel_timer(give_up_timer);
  turn.cancel_timer(resend_timer);
  turn.set_timer(think_timer, turn.random().between(1ms, workload_.think_max));
  workload_.done += is_known ? 1 : 0;
  workload_.unknown += is_known ? 0 : 1;
  Answered answered{request_, number_, operation_, is_known, {}, 0, 0};
  answered.start = began_.time_since_epoch().count();
  answered.end = (is_known ? answered_ : workload_.world_now()).time_since_epoch().count();
  if (is_known) answered.replies = split(*answer_, request_.count);
  for (const std::string_view reply : answered.replies) {
    const bool is_error = reply.starts_with("-");
    if (is_error) throw Violation(Broken::correctness, "an error: " + std::string(reply));
  }
  workload_.load->answered(answered);
}

std::uint64_t Client::any_node(Turn& turn) const {
  return workload_.nodes[turn.random().below(workload_.nodes.size())].value;
}

}  // namespace harka::sim
