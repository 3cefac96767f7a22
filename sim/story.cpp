// SPDX-License-Identifier: Apache-2.0
#include "sim/story.hpp"

#include "runtime/address_name.hpp"
#include "sim/plan.hpp"
#include "sim/replicas.hpp"
#include "sim/world.hpp"

#include <cstdio>

namespace harka::sim {

namespace {

constexpr std::size_t operations_few = 30;

std::string number(std::uint64_t value) {
  return std::to_string(value);
}

std::string list(const std::vector<std::uint64_t>& nodes) {
  std::string text;
  for (const std::uint64_t node : nodes) text += (text.empty() ? "n" : ", n") + number(node);
  return text;
}

std::string voters_of(const msg::GroupConfig& config) {
  std::string text = list(config.voters);
  if (!config.voters_outgoing.empty()) {
    text = "from " + list(config.voters_outgoing) + " to " + text;
  }
  if (!config.learners.empty()) text += ", learning " + list(config.learners);
  return text;
}

/// What the client sees of a RESP answer.
std::string answer_of(std::string_view value) {
  if (value.starts_with("$-1") || value.starts_with("_")) return "nothing";
  const std::size_t line = value.find("\r\n");
  if (value.starts_with("$") && line != std::string_view::npos && value.size() >= line + 4) {
    return std::string(value.substr(line + 2, value.size() - line - 4));
  }
  return std::string(value.substr(0, line));
}

}  // namespace

void Story::say(std::string text, std::string key) {
  char time[32];
  const double seconds = static_cast<double>(world_->now().time_since_epoch().count()) / 1e9;
  (void)std::snprintf(time, sizeof time, "%9.6f s  ", seconds);
  sentences_.push_back({time + std::move(text), std::move(key)});
}

void Story::begins(const Plan& plan, const World& world) {
  world_ = &world;
  say(number(plan.nodes) + " nodes begin; seed " + number(plan.seed) + ", profile " +
      std::string(name_of(plan.profile)));
}

void Story::ends(const std::string& property) {
  property_ = property;
  say(property.empty() ? "The run was clean." : "Broken: " + property);
}

void Story::observed(const ClientEvent& event) {
  const std::string who = "client " + number(event.client);
  if (!event.is_end) {
    ++operations_;
    std::string what = event.act == "read"
                           ? "read " + std::string(event.key)
                           : std::string(event.act) + " " + std::string(event.value) + " to " +
                                 std::string(event.key);
    say(who + " begins to " + what, std::string(event.key));
    open_[{event.client, event.operation}] = std::move(what);
    return;
  }
  const auto asked = open_.find({event.client, event.operation});
  const std::string what = asked == open_.end() ? "its operation" : asked->second;
  say(who + (event.is_known ? " is answered " + answer_of(event.value) + " to: " + what
                            : " gives up, the outcome is unknown: " + what),
      std::string(event.key));
  if (asked != open_.end()) open_.erase(asked);
}

void Story::turn_ended(const Address& actor, const Machine& machine) {
  const raft::Raft* raft = core_of(actor, machine);
  if (raft == nullptr) return;
  Seen& seen = seen_[{actor.node, actor.index}];
  const std::string who = "n" + number(actor.node);
  const std::string of = " group " + number(actor.index);
  if (raft->is_leader() != seen.is_leader) {
    seen.is_leader = raft->is_leader();
    say(who + (seen.is_leader ? " leads" + of + " in term " + number(raft->term()) +
                                    "; its log ends at " + number(raft->last_index())
                              : " no longer leads" + of));
  }
  if (raft->is_tainted() != seen.is_tainted) {
    seen.is_tainted = raft->is_tainted();
    say(who + (seen.is_tainted ? " finds its log of" + of + " damaged: it does not vote"
                               : " has all of" + of + " again"));
  }
  if (!seen.is_leader) return;
  if (std::string voters = voters_of(raft->config()); voters != seen.voters) {
    seen.voters = std::move(voters);
    say("the voters of" + of + " are " + seen.voters);
  }
}

void Story::faulted(const Fault& fault, NodeId node) {
  std::string text = text_of(fault);
  text = text.substr(text.find(' ') + 1);
  say("FAULT " + text + (fault.target.is_leader ? ", which is n" + number(node.value) : ""));
}

void Story::started(NodeId node, Epoch epoch) {
  if (epoch.value > 1) say("n" + number(node.value) + " starts again");
}

void Story::crashed(NodeId node) {
  say("n" + number(node.value) + " is down");
  for (auto& [replica, seen] : seen_) {
    if (replica.first == node.value) seen = Seen{};
  }
}

void Story::wiped(NodeId node) {
  say("the disk of n" + number(node.value) + " is empty now: it is another node");
}

void Story::actor_ended(const Address& actor) {
  say("n" + number(actor.node) + "'s " + harka::name_of(actor) + " ends");
  if (actor.kind == msg::ActorKind::replica) seen_.erase({actor.node, actor.index});
}

std::vector<std::string> Story::sentences() const {
  std::vector<std::string> told;
  for (const Sentence& sentence : sentences_) {
    const bool is_told = sentence.key.empty() || operations_ <= operations_few ||
                         property_.find(sentence.key + " ") != std::string::npos;
    if (is_told) told.push_back(sentence.text);
  }
  return told;
}

}  // namespace harka::sim
