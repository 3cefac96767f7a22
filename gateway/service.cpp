// SPDX-License-Identifier: Apache-2.0
// Sessions by slot, and answers back to where the questions came from.
#include "gateway/service.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace harka::gateway {

Service::Service(Options options, RouterPort& port)
    : options_(std::move(options)),
      port_(port),
      batcher_(port, options_.batch_bytes_max),
      keyspace_(*this, port) {}

RespSession& Service::open(std::string peer, std::string local) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_slots_.back();
  free_slots_.pop_back();
  Slot& slot = slots_[index];
  ASSERT(slot.session == nullptr);
  SessionState state;
  state.peer = std::move(peer);
  state.local = std::move(local);
  state.is_authenticated = options_.password.empty();
  state.connected_at = state.active_at = now();
  slot.session =
      std::make_unique<RespSession>(*this, SessionId{index, slot.generation}, std::move(state));
  slot.is_touched = false;
  ++session_count_;
  ++counters_.connections;
  return *slot.session;
}

void Service::close(SessionId id) {
  if (find(id) == nullptr) return;
  Slot& slot = slots_[id.slot];
  slot.session.reset();
  ++slot.generation;
  free_slots_.push_back(id.slot);
  --session_count_;
}

RespSession* Service::find(SessionId id) {
  if (id.slot >= slots_.size()) return nullptr;
  Slot& slot = slots_[id.slot];
  return slot.generation == id.generation ? slot.session.get() : nullptr;
}

void Service::touch(RespSession& session) {
  Slot& slot = slots_[session.id().slot];
  if (std::exchange(slot.is_touched, true)) return;
  touched_.push_back(session.id());
}

void Service::take_touched(std::vector<SessionId>& touched) {
  touched.clear();
  touched.swap(touched_);
  for (const SessionId id : touched) slots_[id.slot].is_touched = false;
}

std::uint64_t Service::client_id(SessionId id) {
  return (std::uint64_t{id.generation} - 1) * 1'000'000 + id.slot + 1;
}

void Service::on_reply(std::uint64_t ticket, const msg::ShardReply& reply) {
  Batcher::Flight flight = batcher_.take(ticket);
  if (flight.tokens.empty()) return;
  if (reply.outcome == msg::BatchOutcome::done) {
    finish(flight, reply);
  } else {
    refuse(flight, reply);
  }
  batcher_.recycle(std::move(flight));
  wake();
}

void Service::on_scan(std::uint64_t ticket, ScanAnswer answer) {
  keyspace_.on_scan(ticket, std::move(answer));
  wake();
}

void Service::finish(const Batcher::Flight& flight, const msg::ShardReply& reply) {
  std::size_t total = 0;
  for (const std::uint32_t length : reply.lengths) total += length;
  if (reply.lengths.size() != flight.tokens.size() || total != reply.replies.size()) {
    // An answer that was lost on its way, and that the shard could not keep, is empty.
    if (!reply.duplicate || !reply.lengths.empty()) {
      log::error("gateway", "shard " + std::to_string(flight.shard) + " sent a malformed answer");
    }
    msg::ShardReply unknown;
    unknown.outcome = msg::BatchOutcome::unknown;
    return refuse(flight, unknown);
  }
  if (flight.shard >= applied_.size()) applied_.resize(flight.shard + 1);
  applied_[flight.shard] = std::max(applied_[flight.shard], reply.applied_index);
  std::size_t offset = 0;
  for (std::size_t i = 0; i < flight.tokens.size(); ++i) {
    const Token& token = flight.tokens[i];
    if (token.session.slot == Keyspace::token_slot) {
      keyspace_.on_removed(token, true);
    } else if (RespSession* session = find(token.session)) {
      session->note_applied(flight.shard, reply.applied_index);
      session->complete(token, reply.replies, offset, reply.lengths[i]);
    }
    offset += reply.lengths[i];
  }
}

void Service::refuse(const Batcher::Flight& flight, const msg::ShardReply& reply) {
  for (const Token& token : flight.tokens) {
    if (token.session.slot == Keyspace::token_slot) {
      keyspace_.on_removed(token, false);
    } else if (RespSession* session = find(token.session)) {
      session->complete(token, refusal(token, reply));
    }
  }
}

std::string Service::refusal(const Token& token, const msg::ShardReply& reply) const {
  switch (reply.outcome) {
    case msg::BatchOutcome::not_leader:
      if (const ClusterView::Node* node = view_.find(NodeId{reply.leader})) {
        return "-MOVED " + std::to_string(token.slot) + " " + node->host + ":" +
               std::to_string(node->port) + "\r\n";
      }
      break;
    case msg::BatchOutcome::unknown:
      if (!token.is_write) break;
      return "-UNKNOWN The write may or may not have been applied: its shard's leader was lost "
             "before it answered\r\n";
    case msg::BatchOutcome::stale_epoch: return "-TRYAGAIN The shard is being moved\r\n";
    case msg::BatchOutcome::done:
    case msg::BatchOutcome::retry_later: break;
  }
  return "-CLUSTERDOWN The cluster is down\r\n";
}

void Service::ask_admin(
    RespSession& session, std::string verb, std::vector<std::string> arguments) {
  Token token;
  token.session = session.id();
  token.position = session.reserve();
  const std::uint64_t ticket = ++ticket_last_;
  admin_.emplace(ticket, token);
  port_.admin(std::move(verb), std::move(arguments), ticket);
}

void Service::on_admin(std::uint64_t ticket, int exit_code, std::string_view json) {
  const auto found = admin_.find(ticket);
  if (found == admin_.end()) return;
  const Token token = found->second;
  admin_.erase(found);
  RespSession* session = find(token.session);
  if (session == nullptr) return;
  std::string reply;
  kv::RespWriter out(reply, session->state().is_resp3);
  out.array(2);
  out.integer(exit_code);
  out.bulk(json);
  session->complete(token, reply);
  wake();
}

}  // namespace harka::gateway
