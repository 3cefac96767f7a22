// SPDX-License-Identifier: Apache-2.0
// Creating a cluster exactly once.
//
// The coordinator asks every member that is up to promise itself to a new cluster id; a member
// promises only one id at a time (for 30 s) and none once it belongs to a cluster. Only when all
// promised does the coordinator commit, so two inits at once cannot both succeed. Members that do
// not answer are asked again; one that missed the commit finds the map by asking its neighbours,
// too. A second try on the same node proposes the same id, which the members' promises allow.
#include "actors/control/control.hpp"
#include "actors/control/timers.hpp"
#include "base/json_writer.hpp"
#include "base/numbers.hpp"
#include "cluster/placement.hpp"

#include <algorithm>

namespace harka {

using namespace control_timers;

namespace {

constexpr Duration promise_lifetime = 30s;
// With the bound of an init this ends before the first promise to the id expires: an old answer
// that comes late never counts for more than it said.
constexpr Duration proposal_reuse = 15s;

struct InitRequest {
  std::uint32_t nodes = 1;  // at least
  std::uint32_t shards = 0;
  std::uint32_t replicas = 0;
};

/// "nodes=3" and the like over the defaults. A word that is none of them is refused: what comes of
/// an init is for ever.
Result<InitRequest> parse_init(const msg::AdminRequest& request, InitRequest parsed) {
  for (const std::string& argument : request.arguments) {
    const std::size_t split = std::min(argument.find('='), argument.size());
    const std::string_view name = std::string_view(argument).substr(0, split);
    std::uint32_t* const known = name == "nodes"      ? &parsed.nodes
                                 : name == "shards"   ? &parsed.shards
                                 : name == "replicas" ? &parsed.replicas
                                                      : nullptr;
    const auto number = number_of<std::uint32_t>(
        std::string_view(argument).substr(std::min(split + 1, argument.size())));
    if (known == nullptr || !number) {
      return Error{
          Code::invalid_argument,
          "init takes nodes=N, shards=N and replicas=N, not '" + argument + "'"};
    }
    *known = *number;
  }
  if (parsed.shards == 0 || parsed.shards > limits::shard_count_max || parsed.replicas == 0) {
    return Error{
        Code::invalid_argument,
        "shards must be 1 to " + std::to_string(limits::shard_count_max) +
            " and replicas at least 1"};
  }
  return parsed;
}

msg::NodeRecord record_of(const msg::Member& member) {
  msg::NodeRecord record;
  record.node = member.node;
  record.name = member.name;
  record.link_address = member.link_address;
  record.client_address = member.client_address;
  record.region = member.region;
  record.data_id = member.data_id;
  return record;
}

}  // namespace

void Control::begin_init(const msg::AdminRequest& request, const Asker& asker, Turn& turn) {
  const auto refuse = [&](int code, const std::string& text) {
    answer(asker, code, JsonWriter().begin_object().field("error", text).end().take(), turn);
  };
  if (pending_map_.cluster_id != 0) {
    refuse(6, "this node already belongs to a cluster; nothing was changed");
    return;
  }
  if (init_.has_value()) {
    refuse(7, "an init is already running on this node");
    return;
  }
  const Result<InitRequest> wanted = parse_init(
      request,
      InitRequest{.shards = options_.shard_count, .replicas = options_.replication_factor});
  if (!wanted.ok()) {
    refuse(2, wanted.error().detail);
    return;
  }
  Init init;
  init.shard_count = wanted.value().shards;
  init.replication_factor = wanted.value().replicas;
  for (const auto& [node, member] : members_) {
    if (member.state == msg::MemberState::alive) init.members[node] = member;
  }
  if (init.members.size() < wanted.value().nodes || init.members.empty()) {
    refuse(
        3,
        "only " + std::to_string(init.members.size()) + " of " +
            std::to_string(wanted.value().nodes) +
            " nodes are up; start the others (same seeds) and try again");
    return;
  }
  if (proposed_id_ == 0 || turn.now() - proposed_at_ > proposal_reuse) {
    proposed_id_ = turn.random().next() | 1U;
    proposed_at_ = turn.now();
  }
  init.cluster_id = proposed_id_;
  init.asker = asker;
  init_ = std::move(init);
  turn.set_timer(init_timer, options_.init_timeout);
  ask_init_members(turn);
}

/// Everyone whose answer is missing, now and until the end of the init.
void Control::ask_init_members(Turn& turn) {
  if (!init_) return;
  for (const auto& [node, member] : init_->members) {
    const Address to = address_of(NodeId{node}, msg::ActorKind::control);
    if (!init_->is_committed && !init_->promised.contains(node)) {
      turn.send(to, msg::PrepareInit{init_->cluster_id, turn.node().value});
    } else if (init_->is_committed && !init_->done.contains(node)) {
      turn.send(to, msg::CommitInit{init_->map});
    }
  }
  turn.set_timer(init_resend_timer, options_.init_resend);
}

void Control::on(const msg::PrepareInit& prepare, const Envelope&, Turn& turn) {
  msg::InitPromise promise;
  promise.cluster_id = prepare.cluster_id;
  const bool is_bound = promised_to_ != 0 && promised_to_ != prepare.cluster_id &&
                        turn.now() - promised_at_ < promise_lifetime;
  if (pending_map_.cluster_id != 0) {
    promise.reason = options_.self.name + " already belongs to a cluster";
  } else if (is_bound) {
    promise.reason = options_.self.name + " has promised itself to another init within 30 s";
  } else {
    promised_to_ = prepare.cluster_id;
    promised_at_ = turn.now();
    promise.promised = true;
  }
  turn.reply(std::move(promise));
}

void Control::on(const msg::InitPromise& promise, const Envelope& envelope, Turn& turn) {
  if (!init_ || init_->cluster_id != promise.cluster_id || init_->is_committed) return;
  if (!promise.promised) {
    end_init(6, promise.reason + "; nothing was created", turn);
    return;
  }
  init_->promised[envelope.from.node] = true;
  if (init_->promised.size() == init_->members.size()) commit_init(turn);
}

void Control::commit_init(Turn& turn) {
  PlacementRequest request;
  for (const auto& [node, member] : init_->members) request.nodes.push_back(record_of(member));
  request.shard_count = init_->shard_count;
  request.replication_factor = init_->replication_factor;
  Result<std::vector<msg::ShardRecord>> shards = place_shards(request);
  if (!shards.ok()) {
    end_init(2, shards.error().detail, turn);
    return;
  }
  msg::ClusterMap map;
  map.cluster_id = init_->cluster_id;
  map.version = 1;
  map.shard_count = init_->shard_count;
  map.replication_factor = init_->replication_factor;
  map.nodes = request.nodes;
  map.shards = std::move(shards).value();
  map.meta_replicas = place_meta(request.nodes);
  init_->map = std::move(map);
  init_->is_committed = true;
  proposed_id_ = 0;  // one id never gets two maps
  ask_init_members(turn);
}

void Control::on(const msg::CommitInit& commit, const Envelope& envelope, Turn& turn) {
  if (pending_map_.cluster_id == 0 && promised_to_ != commit.map.cluster_id) return;
  if (map_.cluster_id == commit.map.cluster_id) {
    turn.reply(msg::InitDone{map_.cluster_id});  // the first answer was lost, or comes twice
    return;
  }
  if (adopt(commit.map, turn)) waiting_done_.emplace_back(envelope.from, envelope.correlation);
}

void Control::on(const msg::InitDone& done, const Envelope& envelope, Turn& turn) {
  if (!init_ || init_->cluster_id != done.cluster_id) return;
  init_->done[envelope.from.node] = true;
  if (init_->done.size() < init_->members.size()) return;
  JsonWriter json;
  json.begin_object()
      .field("apiVersion", "harka/v1")
      .field("kind", "Cluster")
      .field("clusterId", std::to_string(init_->cluster_id))
      .field("nodes", static_cast<std::uint64_t>(init_->members.size()))
      .field("shards", init_->shard_count)
      .field("replicas", init_->replication_factor)
      .end();
  answer(init_->asker, 0, json.take(), turn);
  turn.cancel_timer(init_timer);
  turn.cancel_timer(init_resend_timer);
  init_.reset();
}

void Control::end_init(int exit_code, const std::string& text, Turn& turn) {
  if (!init_) return;
  answer(
      init_->asker, exit_code, JsonWriter().begin_object().field("error", text).end().take(), turn);
  turn.cancel_timer(init_timer);
  turn.cancel_timer(init_resend_timer);
  init_.reset();
}

}  // namespace harka
