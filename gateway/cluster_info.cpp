// SPDX-License-Identifier: Apache-2.0
// CLUSTER, from the view that the node handed over last.
#include "gateway/cluster_info.hpp"

#include "actors/kv/numbers.hpp"
#include "base/random.hpp"
#include "gateway/local_commands.hpp"
#include "gateway/service.hpp"

#include <algorithm>
#include <cstdio>

namespace harka::gateway {

namespace {

/// Nodes that lead something, and this one; in order of ids.
std::vector<const ClusterView::Node*> shown_nodes(
    const ClusterView& view, const std::vector<LedRange>& ranges, bool with_self) {
  std::vector<const ClusterView::Node*> shown;
  for (const ClusterView::Node& node : view.nodes) {
    const bool leads = std::any_of(
        ranges.begin(), ranges.end(), [&](const LedRange& r) { return r.leader == node.id; });
    if (leads || (with_self && node.id == view.self)) shown.push_back(&node);
  }
  std::sort(shown.begin(), shown.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
  return shown;
}

std::uint32_t bus_port(const ClusterView::Node& node) {
  return node.link_port != 0 ? node.link_port : node.port + 10000U;
}

void answer_keyslot(const LocalCall& call) {
  call.reply.integer(routing::slot_of(call.words[2]));
}

}  // namespace

std::string redis_node_id(NodeId node) {
  Random mix(node.value);
  char text[41];
  std::snprintf(
      text,
      sizeof text,
      "%016llx%016llx%08llx",
      static_cast<unsigned long long>(node.value),
      static_cast<unsigned long long>(mix.next()),
      static_cast<unsigned long long>(mix.next() & 0xFFFFFFFFU));
  return text;
}

std::vector<LedRange> led_ranges(const ClusterView& view) {
  std::vector<LedRange> ranges;
  for (std::uint32_t shard = 0; shard < view.shard_count; ++shard) {
    const NodeId leader = view.leader_of(shard);
    const routing::SlotRange slots = routing::slots_of(ShardId{shard}, view.shard_count);
    if (view.find(leader) == nullptr) continue;
    if (!ranges.empty() && ranges.back().leader == leader &&
        ranges.back().slots.end == slots.first) {
      ranges.back().slots.end = slots.end;
    } else {
      ranges.push_back(LedRange{slots, leader});
    }
  }
  return ranges;
}

void write_cluster_slots(const ClusterView& view, kv::RespWriter& out) {
  const std::vector<LedRange> ranges = led_ranges(view);
  out.array(ranges.size());
  for (const LedRange& range : ranges) {
    const ClusterView::Node& node = *view.find(range.leader);
    out.array(3);
    out.integer(range.slots.first);
    out.integer(range.slots.end - 1);
    out.array(4);
    out.bulk(node.host);
    out.integer(node.port);
    out.bulk(redis_node_id(node.id));
    out.array(0);
  }
}

void write_cluster_shards(const ClusterView& view, kv::RespWriter& out) {
  const std::vector<LedRange> ranges = led_ranges(view);
  const auto nodes = shown_nodes(view, ranges, false);
  out.array(nodes.size());
  for (const ClusterView::Node* node : nodes) {
    std::vector<std::uint32_t> edges;
    for (const LedRange& range : ranges) {
      if (range.leader != node->id) continue;
      edges.insert(edges.end(), {range.slots.first, range.slots.end - 1});
    }
    out.map(2);
    out.bulk("slots");
    out.array(edges.size());
    for (const std::uint32_t edge : edges) out.integer(edge);
    out.bulk("nodes");
    out.array(1);
    out.map(7);
    out.bulk("id");
    out.bulk(redis_node_id(node->id));
    out.bulk("port");
    out.integer(node->port);
    out.bulk("ip");
    out.bulk(node->host);
    out.bulk("endpoint");
    out.bulk(node->host);
    out.bulk("role");
    out.bulk("master");
    out.bulk("replication-offset");
    out.integer(static_cast<std::int64_t>(view.version));
    out.bulk("health");
    out.bulk("online");
  }
}

std::string cluster_nodes_text(const ClusterView& view, std::int64_t now_ms) {
  const std::vector<LedRange> ranges = led_ranges(view);
  std::string text;
  for (const ClusterView::Node* node : shown_nodes(view, ranges, true)) {
    const bool is_self = node->id == view.self;
    text += redis_node_id(node->id) + " " + node->host + ":" + std::to_string(node->port) + "@" +
            std::to_string(bus_port(*node)) + (is_self ? " myself,master" : " master") + " - 0 " +
            std::to_string(is_self ? 0 : now_ms) + " " + std::to_string(view.version) +
            " connected";
    for (const LedRange& range : ranges) {
      if (range.leader != node->id) continue;
      const std::uint32_t last = range.slots.end - 1;
      text += " " + std::to_string(range.slots.first);
      if (last != range.slots.first) text += "-" + std::to_string(last);
    }
    text += "\n";
  }
  return text;
}

std::string cluster_info_text(const ClusterView& view) {
  const std::vector<LedRange> ranges = led_ranges(view);
  std::uint32_t served = 0;
  for (const LedRange& range : ranges) served += range.slots.end - range.slots.first;
  const std::uint32_t assigned = view.shard_count == 0 ? 0 : limits::slot_count;
  const bool is_ok = assigned != 0 && served == assigned;
  const auto line = [](std::string_view name, std::uint64_t value) {
    return std::string(name) + ":" + std::to_string(value) + "\r\n";
  };
  return "cluster_enabled:1\r\ncluster_state:" + std::string(is_ok ? "ok" : "fail") + "\r\n" +
         line("cluster_slots_assigned", assigned) + line("cluster_slots_ok", served) +
         line("cluster_slots_pfail", 0) + line("cluster_slots_fail", assigned - served) +
         line("cluster_known_nodes", view.nodes.size()) +
         line("cluster_size", shown_nodes(view, ranges, false).size()) +
         line("cluster_current_epoch", view.version) + line("cluster_my_epoch", view.version) +
         line("cluster_stats_messages_sent", 0) + line("cluster_stats_messages_received", 0) +
         line("total_cluster_links_buffer_limit_exceeded", 0);
}

void answer_cluster(const LocalCall& call) {
  const ClusterView& view = call.service.view();
  bool done = false;
  if (is_subcommand(call, "slots", 2, done)) {
    write_cluster_slots(view, call.reply);
  } else if (is_subcommand(call, "shards", 2, done)) {
    write_cluster_shards(view, call.reply);
  } else if (is_subcommand(call, "nodes", 2, done)) {
    call.reply.verbatim(cluster_nodes_text(view, call.service.wall_ms()));
  } else if (is_subcommand(call, "info", 2, done)) {
    call.reply.verbatim(cluster_info_text(view));
  } else if (is_subcommand(call, "myid", 2, done)) {
    call.reply.bulk(redis_node_id(view.self));
  } else if (is_subcommand(call, "keyslot", 3, done)) {
    answer_keyslot(call);
  } else if (is_subcommand(call, "links", 2, done)) {
    call.reply.array(0);
  } else if (!done) {
    for (const std::string_view known :
         {"meet",
          "forget",
          "addslots",
          "addslotsrange",
          "delslots",
          "delslotsrange",
          "setslot",
          "replicate",
          "replicas",
          "slaves",
          "failover",
          "reset",
          "saveconfig",
          "bumpepoch",
          "set-config-epoch",
          "flushslots",
          "countkeysinslot",
          "getkeysinslot",
          "count-failure-reports"}) {
      if (call.words[1].size() == known.size() && is_subcommand(call, known, -2, done)) {
        return call.reply.error(
            "ERR HARKA does not support CLUSTER " + std::string(known) +
            ": its own control plane places shards and elects leaders");
      }
    }
    refuse_subcommand(call);
  }
}

}  // namespace harka::gateway
