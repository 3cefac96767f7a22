// SPDX-License-Identifier: Apache-2.0
// Map copies, joining, leader knowledge. Creation of a cluster is in control_init.cpp, the answers
// to administrators in control_status.cpp.
#include "actors/control/control.hpp"

#include "actors/control/timers.hpp"
#include "schemas/codec.hpp"

#include <algorithm>

namespace harka {

using namespace control_timers;

namespace {

// What every actor that follows a map relies on.
std::string_view fault_of(const msg::ClusterMap& map, const msg::ClusterMap& before) {
  if (map.shards.size() != map.shard_count || map.shard_count > limits::shard_count_max) {
    return "its shard records do not match its shard count";
  }
  if (map.meta_replicas.empty()) return "nobody keeps it";
  for (std::uint32_t shard = 0; shard < map.shard_count; ++shard) {
    const msg::ShardRecord& record = map.shards[shard];
    if (record.shard != shard) return "its shards are not in order";
    if (record.replicas.empty()) return "a shard has no replicas";
    if (shard < before.shards.size() && record.epoch < before.shards[shard].epoch) {
      return "the epoch of a shard goes back";
    }
  }
  return {};
}

}  // namespace

Control::Control(ControlOptions options)
    : options_(std::move(options)), map_(options_.stored_map), pending_map_(options_.stored_map) {}

void Control::start(Turn& turn) {
  turn.set_timer(poll_timer, options_.poll_fresh);
  // At a restart: who is alive may not change for a long time.
  turn.send(address_of(turn.node(), msg::ActorKind::membership), msg::MapRequest{});
  if (map_.cluster_id != 0) {
    announce_map(turn);
  } else if (options_.creates_single_node) {
    msg::Member self;
    self.node = options_.self.node;
    self.name = options_.self.name;
    self.link_address = options_.self.link_address;
    self.client_address = options_.self.client_address;
    self.region = options_.self.region;
    self.data_id = options_.self.data_id;
    self.state = msg::MemberState::alive;
    members_[self.node] = self;
    begin_init(msg::AdminRequest{}, Asker{}, turn);
  }
}

void Control::receive(const Envelope& envelope, Turn& turn) {
  dispatch(*this, envelope, turn);
}

void Control::on_timer(TimerId timer, Turn& turn) {
  if (timer == init_timer) {
    end_init(
        7,
        "not every member answered in time; those that are up may have promised: try again on this "
        "node, or in 30 s on another one",
        turn);
    return;
  }
  if (timer == init_resend_timer) {
    ask_init_members(turn);
    return;
  }
  ASSERT(timer == poll_timer);
  poll_map(turn);
  join_if_missing(turn);
  turn.set_timer(poll_timer, map_.cluster_id == 0 ? options_.poll_fresh : options_.poll);
}

std::string Control::describe() const {
  return "map version " + std::to_string(map_.version) + ", " + std::to_string(map_.nodes.size()) +
         " nodes";
}

void Control::on(const msg::MembershipChanged& change, const Envelope& envelope, Turn& turn) {
  if (!turn.is_from_here(envelope)) return;  // its membership's to say
  for (const msg::Member& member : change.members) members_[member.node] = member;
  tell_routers(change, turn);
}

// A node says what it leads, or led. What names a group or a leader that the map does not have, or
// comes from a node that it does not have, is not believed: routers would follow it.
bool Control::is_credible(const msg::LeaderHint& hint, std::uint64_t from) const {
  if (map_.cluster_id == 0) return hint.group <= limits::shard_count_max;
  const auto is_node = [this](std::uint64_t node) {
    return std::any_of(map_.nodes.begin(), map_.nodes.end(), [node](const msg::NodeRecord& known) {
      return known.node == node;
    });
  };
  return hint.group <= map_.shard_count && is_node(from) &&
         (hint.leader == 0 || hint.leader == from || is_node(hint.leader));
}

void Control::on(const msg::LeaderHints& said, const Envelope& envelope, Turn& turn) {
  msg::LeaderHints hints = said;
  std::erase_if(hints.hints, [&](const msg::LeaderHint& hint) {
    return !is_credible(hint, envelope.from.node);
  });
  if (hints.complete) {
    // What this node no longer claims is not led by it, unless a newer leader is known already.
    for (auto& [group, leader] : leaders_) {
      if (leader.node != envelope.from.node) continue;
      const bool is_listed = std::any_of(
          hints.hints.begin(), hints.hints.end(), [group = group](const msg::LeaderHint& hint) {
            return hint.group == group;
          });
      if (!is_listed) leader.node = 0;
    }
  }
  for (const msg::LeaderHint& hint : hints.hints) learn_leader(hint.group, hint.term, hint.leader);
  tell_leaders(hints, turn);
}

void Control::on(const msg::LeadershipChanged& change, const Envelope& envelope, Turn& turn) {
  if (!turn.is_from_here(envelope)) return;  // its replicas' to say
  learn_leader(change.group, change.term, change.leader);
  msg::LeaderHints hints;
  hints.node = turn.node().value;
  hints.hints.push_back(msg::LeaderHint{change.group, change.term, change.leader});
  tell_leaders(hints, turn);
}

void Control::on(const msg::MapRequest& request, const Envelope& envelope, Turn& turn) {
  const Address pulse = address_of(turn.node(), msg::ActorKind::pulse);
  // A pulse that has just started does not know that it was told to drain.
  if (envelope.from == pulse && !drain_askers_.empty()) turn.send(pulse, msg::DrainNode{});
  if (map_.cluster_id != 0 && map_.version > request.have_version) turn.reply(msg::MapUpdate{map_});
}

void Control::on(const msg::MapUpdate& update, const Envelope&, Turn& turn) {
  (void)adopt(update.map, turn);
}

void Control::on(const msg::StateFlushed& flushed, const Envelope&, Turn& turn) {
  if (flushed.ticket != flush_ticket_) return;  // an older copy; the newer one is on its way
  map_ = pending_map_;
  announce_map(turn);
  for (const auto& [address, correlation] : waiting_done_) {
    turn.send(address, msg::InitDone{map_.cluster_id}, correlation);
  }
  waiting_done_.clear();
}

void Control::on(const msg::ProposeMapReply& reply, const Envelope&, Turn& turn) {
  if (!reply.accepted && !reply.reason.empty()) {
    turn.note(NoteLevel::warning, "the meta group refused a change of the map: " + reply.reason);
  }
}

bool Control::adopt(const msg::ClusterMap& map, Turn& turn) {
  if (map.cluster_id == 0) return false;
  if (pending_map_.cluster_id != 0 && pending_map_.cluster_id != map.cluster_id) {
    turn.note(
        NoteLevel::error, "ignored the map of another cluster: check the seed list of this node");
    return false;
  }
  if (map.version <= pending_map_.version) return false;
  if (const std::string_view fault = fault_of(map, pending_map_); !fault.empty()) {
    turn.note(NoteLevel::error, "ignored a map that cannot be: " + std::string(fault));
    return false;
  }
  pending_map_ = map;
  msg::FlushState flush;
  flush.group = node_group.value;
  flush.ticket = ++flush_ticket_;
  flush.applied_index = map.version;
  msg::StateWrite write;
  write.key = SharedBytes::copy_of(stored_map_key);
  write.value = msg::encode_struct(map);
  flush.writes.push_back(std::move(write));
  turn.send(address_of(turn.node(), msg::ActorKind::state_store), std::move(flush));
  return true;
}

void Control::announce_map(Turn& turn) {
  const msg::MapUpdate update{map_};
  turn.send(address_of(turn.node(), msg::ActorKind::region), update);
  turn.send(address_of(turn.node(), msg::ActorKind::pulse), update);
  turn.send(address_of(turn.node(), msg::ActorKind::membership), update);
  turn.send(address_of(turn.node(), msg::ActorKind::links), update);
  tell_routers(update, turn);
}

void Control::poll_map(Turn& turn) {
  std::vector<std::uint64_t> others;
  for (const auto& [node, member] : members_) {
    if (node == turn.node().value || member.state != msg::MemberState::alive) continue;
    if (member.cluster_id != 0 || map_.cluster_id != 0) others.push_back(node);
  }
  if (others.empty()) return;
  const std::uint64_t chosen = others[turn.random().below(others.size())];
  turn.send(address_of(NodeId{chosen}, msg::ActorKind::control), msg::MapRequest{map_.version});
}

void Control::join_if_missing(Turn& turn) {
  if (map_.cluster_id == 0) return;
  const bool is_known =
      std::any_of(map_.nodes.begin(), map_.nodes.end(), [&](const msg::NodeRecord& node) {
        return node.node == options_.self.node;
      });
  if (is_known) return;
  const auto leader = leaders_.find(meta_group.value);
  const std::uint64_t target =
      leader != leaders_.end() && leader->second.node != 0
          ? leader->second.node
          : map_.meta_replicas[turn.random().below(map_.meta_replicas.size())];
  msg::ProposeMap propose;
  propose.command.kind = msg::MapCommandKind::join_node;
  propose.command.node = options_.self;
  turn.send(replica_address(NodeId{target}, meta_group), std::move(propose));
}

void Control::tell_routers(const msg::Message& message, Turn& turn) {
  for (std::uint32_t router = 0; router < options_.router_count; ++router) {
    turn.send(address_of(turn.node(), msg::ActorKind::router, router), message);
  }
}

void Control::tell_leaders(const msg::LeaderHints& hints, Turn& turn) {
  tell_routers(hints, turn);
  turn.send(address_of(turn.node(), msg::ActorKind::cache), hints);
}

void Control::learn_leader(std::uint32_t group, Term term, std::uint64_t node) {
  Leader& known = leaders_[group];
  if (term > known.term || (term == known.term && node != 0)) known = Leader{term, node};
}

}  // namespace harka
