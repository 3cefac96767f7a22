// SPDX-License-Identifier: Apache-2.0
#include "sim/trace.hpp"

#include "base/build_id.hpp"
#include "runtime/address_name.hpp"
#include "sim/capsule.hpp"
#include "sim/nodes.hpp"
#include "sim/replicas.hpp"
#include "sim/summary.hpp"
#include "sim/world.hpp"

namespace harka::sim {

namespace {

std::string_view name_of(raft::Role role) {
  switch (role) {
    case raft::Role::follower: return "follower";
    case raft::Role::pre_candidate: return "pre-candidate";
    case raft::Role::candidate: return "candidate";
    case raft::Role::leader: return "leader";
  }
  return "?";
}

template <typename Numbers>
void write_list(JsonWriter& out, std::string_view name, const Numbers& numbers) {
  out.key(name).begin_array();
  for (const auto number : numbers) out.value(static_cast<std::uint64_t>(number));
  out.end();
}

}  // namespace

std::uint64_t shown(std::uint64_t node) {
  return node == client_node.value ? 0 : node;
}

JsonWriter Trace::line(std::string_view what) const {
  JsonWriter out;
  out.begin_object();
  out.field("t", static_cast<std::int64_t>(world_->now().time_since_epoch().count()));
  out.field("e", what);
  return out;
}

void Trace::write(JsonWriter& line) {
  line.end();
  out_ << line.take() << "\n";
}

void Trace::begins(const Plan& plan, const World& world) {
  world_ = &world;
  JsonWriter out = line("begin");
  out.field("profile", name_of(plan.profile)).field("seed", plan.seed);
  out.field("mutant", std::string_view(plan.mutant)).field("nodes", plan.nodes);
  out.field("shards", plan.shards).field("commit", build_id());
  out.field("settings", std::string_view(settings_of(plan)));
  write(out);
}

void Trace::ends(const std::string& property) {
  JsonWriter out = line("end");
  out.field("property", std::string_view(property));
  write(out);
}

void Trace::observed(const ClientEvent& event) {
  JsonWriter out = line(event.is_end ? "answer" : "invoke");
  out.field("c", event.client).field("op", event.operation);
  if (event.is_end) {
    out.field("known", event.is_known);
  } else {
    out.field("act", event.act).field("key", event.key);
  }
  out.field("value", event.value);
  write(out);
}

void Trace::sent(const Envelope& envelope) {
  if (envelope.from.node == envelope.to.node) return;
  const std::uint64_t id = next_id_++;
  ids_[&envelope] = id;
  JsonWriter out = line("send");
  out.field("id", id).field("from", shown(envelope.from.node));
  out.field("to", shown(envelope.to.node));
  out.field("fa", std::string_view(harka::name_of(envelope.from)));
  out.field("ta", std::string_view(harka::name_of(envelope.to)));
  out.field("m", msg::name_of(envelope.body));
  out.field("x", std::string_view(summary_of(envelope.body)));
  write(out);
}

void Trace::arrival(const Envelope& envelope, std::string_view what) {
  if (envelope.from.node == envelope.to.node) return;
  const auto found = ids_.find(&envelope);
  if (found == ids_.end()) return;  // from outside of the World
  JsonWriter out = line(what);
  out.field("id", found->second);
  write(out);
}

void Trace::delivered(const Envelope& envelope) {
  arrival(envelope, "recv");
}

void Trace::lost(const Envelope& envelope) {
  arrival(envelope, "lost");
}

void Trace::turn_ended(const Address& actor, const Machine& machine) {
  const raft::Raft* raft = core_of(actor, machine);
  if (raft == nullptr) return;
  Seen& seen = seen_[{actor.node, actor.index}];
  JsonWriter fields;
  fields.begin_object().field("role", name_of(raft->role())).field("term", raft->term());
  fields.field("last", raft->last_index()).field("commit", raft->commit_index());
  fields.field("applied", raft->applied_index()).field("tainted", raft->is_tainted()).end();
  if (std::string state = fields.take(); state != seen.state) {
    seen.state = std::move(state);
    JsonWriter out = line("state");
    out.field("n", actor.node).field("g", actor.index).key("s").raw(seen.state);
    write(out);
  }
  JsonWriter members;
  members.begin_object();
  write_list(members, "voters", raft->config().voters);
  write_list(members, "outgoing", raft->config().voters_outgoing);
  write_list(members, "learners", raft->config().learners);
  members.end();
  if (std::string config = members.take(); config != seen.config) {
    seen.config = std::move(config);
    JsonWriter out = line("config");
    out.field("n", actor.node).field("g", actor.index).key("c").raw(seen.config);
    write(out);
  }
}

void Trace::faulted(const Fault& fault, NodeId node) {
  JsonWriter out = line("fault");
  out.field("text", std::string_view(text_of(fault))).field("kind", sim::name_of(fault.kind));
  out.field("n", node.value);
  write_list(out, "others", fault.others);
  const Instant until = world_->now() + fault.lasts;
  out.field("until", static_cast<std::int64_t>(until.time_since_epoch().count()));
  write(out);
}

void Trace::started(NodeId node, Epoch epoch) {
  JsonWriter out = line("up");
  out.field("n", shown(node.value)).field("epoch", epoch.value);
  write(out);
}

void Trace::crashed(NodeId node) {
  JsonWriter out = line("down");
  out.field("n", node.value);
  write(out);
  for (auto& [replica, seen] : seen_) {
    if (replica.first == node.value) seen = Seen{};
  }
}

void Trace::wiped(NodeId node) {
  JsonWriter out = line("wiped");
  out.field("n", node.value);
  write(out);
}

void Trace::actor_ended(const Address& actor) {
  JsonWriter out = line("exit");
  out.field("n", shown(actor.node));
  out.field("actor", std::string_view(harka::name_of(actor)));
  write(out);
}

}  // namespace harka::sim
