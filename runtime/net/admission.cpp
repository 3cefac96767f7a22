// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/admission.hpp"

#include <algorithm>
#include <cstdio>

namespace harka::net {

namespace {

std::string hex(std::uint64_t value) {
  char text[20];
  (void)std::snprintf(text, sizeof text, "%016lx", static_cast<unsigned long>(value));
  return text;
}

std::string range(const Identity& node) {
  return std::to_string(node.protocol_min) + "-" + std::to_string(node.protocol_max);
}

}  // namespace

std::optional<std::string> refusal_of(
    const Identity& own, const Identity& peer, const KnownPeer& known) {
  if (peer.protocol_max < own.protocol_min || peer.protocol_min > own.protocol_max) {
    return "'" + peer.name + "' speaks link protocol " + range(peer) + ", '" + own.name +
           "' speaks " + range(own) + ": upgrade the older one through a version that speaks both";
  }
  if (peer.node == 0 || peer.name.empty()) return "a node without a name";
  if (peer.node == own.node) {
    if (peer.data_id == own.data_id) return "'" + own.name + "' " + std::string(sign_self);
    return std::string(sign_twin) + " '" + own.name + "': data directory " + hex(peer.data_id) +
           " is not " + hex(own.data_id) + "; give one of them another name";
  }
  if (own.cluster_id != 0 && peer.cluster_id != 0 && own.cluster_id != peer.cluster_id) {
    return "'" + peer.name + "' " + std::string(sign_other_cluster) + " " + hex(peer.cluster_id) +
           ", '" + own.name + "' to cluster " + hex(own.cluster_id) + ": check the seed list";
  }
  if (known.data_id != 0 && peer.data_id != 0 && known.data_id != peer.data_id) {
    return "the name '" + peer.name + "' " + std::string(sign_name_taken) + " " +
           (known.link_address.empty() ? "an unknown address" : known.link_address) +
           " with data directory " + hex(known.data_id) + ", not to one with " + hex(peer.data_id) +
           ": use another name";
  }
  if (peer.epoch < known.epoch_max) {
    return "'" + peer.name + "' comes with epoch " + std::to_string(peer.epoch) + ", but epoch " +
           std::to_string(known.epoch_max) +
           " was seen: an older process of it still runs, or its data directory was put back";
  }
  return std::nullopt;
}

std::uint32_t protocol_of(const Identity& own, const Identity& peer) {
  return std::min(own.protocol_max, peer.protocol_max);
}

}  // namespace harka::net
