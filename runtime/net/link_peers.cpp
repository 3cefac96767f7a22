// SPDX-License-Identifier: Apache-2.0
// The other half of LinkKeeper: the table of peers and what happens to their connections. A link
// is up when both channels are; when one is lost the other is closed too, so that up means whole.
#include "base/log.hpp"
#include "runtime/net/link_keeper.hpp"
#include "runtime/net/seed.hpp"
#include "runtime/net/wire.hpp"

#include <algorithm>
#include <utility>

namespace harka::net {

namespace {

constexpr Duration full_told_every = 60s;

// Actors that other nodes may address. The supervisor and the neighbours that do I/O take orders
// from their own node only, and clients get their answers through their own router.
bool is_reachable_from_afar(msg::ActorKind kind) {
  switch (kind) {
    case msg::ActorKind::membership:
    case msg::ActorKind::pulse:
    case msg::ActorKind::replica:
    case msg::ActorKind::region:
    case msg::ActorKind::cache:
    case msg::ActorKind::router:
    case msg::ActorKind::control:
    case msg::ActorKind::admin: return true;
    case msg::ActorKind::none:
    case msg::ActorKind::supervisor:
    case msg::ActorKind::log_store:
    case msg::ActorKind::state_store:
    case msg::ActorKind::links:
    case msg::ActorKind::client: return false;
  }
  return false;
}

}  // namespace

void LinkKeeper::set_peers(const std::vector<PeerInfo>& peers) {
  for (const PeerInfo& info : peers) {
    if (info.node.is_none() || info.node.value == options_.own.node) continue;
    Peer* peer = peer_of(info.node);
    if (peer == nullptr) continue;
    if (info.link_address != peer->info.link_address) peer->dial.next_at = Instant{};
    const std::uint64_t data_id = info.data_id != 0 ? info.data_id : peer->info.data_id;
    peer->info = info;
    peer->info.data_id = data_id;
    apply_delay(*peer);
    if (info.has_left) detach_all(*peer, "it left the cluster");
  }
}

void LinkKeeper::set_owners(const std::vector<PeerInfo>& owners) {
  for (const PeerInfo& owner : owners) {
    if (owner.data_id != 0) owners_[owner.node] = owner;
  }
}

void LinkKeeper::add_seed(const std::string& host_port) {
  const NodeId alias = seed_alias(host_port);
  const auto [entry, is_new] = seeds_.try_emplace(alias);
  if (!is_new) return;
  entry->second.address = host_port;
  if (handshake_ != nullptr) tick_dials(monotonic_now());
}

LinkKeeper::Peer* LinkKeeper::peer_of(NodeId node) {
  const auto found = peers_.find(node);
  if (found != peers_.end()) return found->second.get();
  const auto add = [&] {
    return table_->add(node, options_.control_outbox_bytes_max, options_.outbox_bytes_max);
  };
  Route* route = add();
  if (route == nullptr && make_room()) route = add();
  if (route == nullptr) {
    leave_out(node);
    return nullptr;
  }
  auto peer = std::make_unique<Peer>();
  peer->info.node = node;
  peer->route = route;
  peer->changed_at = monotonic_now();
  apply_delay(*peer);
  return peers_.emplace(node, std::move(peer)).first->second.get();
}

bool LinkKeeper::make_room() {
  const auto is_gone = [](const auto& entry) {
    const Peer& peer = *entry.second;
    const bool has_session = peer.lines[0].session != nullptr || peer.lines[1].session != nullptr;
    return peer.info.has_left && !has_session && !peer.dial.is_running;
  };
  const auto gone = std::find_if(peers_.begin(), peers_.end(), is_gone);
  if (gone == peers_.end()) return false;
  table_->retire(gone->first);
  peers_.erase(gone);
  return true;
}

void LinkKeeper::leave_out(NodeId node) {
  const Instant now = monotonic_now();
  if (full_told_ != Instant{} && now - full_told_ < full_told_every) return;
  full_told_ = now;
  log::error(
      "net",
      "no link to node " + std::to_string(node.value) + ": this node has links to " +
          std::to_string(peers_.size()) +
          " others, the most there can be, and none of them has left the cluster");
}

KnownPeer LinkKeeper::known_of(NodeId node) const {
  KnownPeer known;
  if (const auto found = peers_.find(node); found != peers_.end()) {
    const Peer& peer = *found->second;
    known = {peer.info.data_id, peer.epoch_max, peer.info.link_address};
  }
  if (const auto owner = owners_.find(node); owner != owners_.end()) {
    known.data_id = owner->second.data_id;
    known.link_address = owner->second.link_address;
  }
  return known;
}

std::optional<std::string> LinkKeeper::judge(const Introduced& introduced) const {
  const Identity& said = introduced.peer;
  const NodeId node{said.node};
  const auto found = peers_.find(node);
  if (auto refused = refusal_of(options_.own, said, known_of(node))) return refused;
  if (blocked_.count(node) > 0) return "blocked";
  if (found == peers_.end()) return std::nullopt;
  const Peer& peer = *found->second;
  const Line& line = peer.lines[static_cast<std::size_t>(introduced.channel)];
  if (line.session == nullptr || said.epoch != peer.epoch_max) return std::nullopt;
  // The same dialer dials again only when its old connection is dead, so the new one wins.
  const std::uint64_t dialer = introduced.is_dialed ? options_.own.node : said.node;
  const std::uint64_t lower = std::min(options_.own.node, said.node);
  if (line.dialer.value == lower && dialer != lower) return std::string(already_linked);
  return std::nullopt;
}

void LinkKeeper::attach(kj::Own<Introduced> introduced) {
  if (is_stopped_) return;
  if (judge(*introduced)) return;  // the other connection of a tie came in between
  const Identity& said = introduced->peer;
  Peer* peer = peer_of(NodeId{said.node});
  if (peer == nullptr) return;
  if (peer->epoch_max != 0 && said.epoch > peer->epoch_max) detach_all(*peer, "it restarted");
  was_ever_linked_ = true;
  peer->epoch_max = said.epoch;
  if (said.data_id != 0) peer->info.data_id = said.data_id;
  peer->info.name = said.name;
  if (peer->info.link_address.empty()) peer->info.link_address = introduced->link_address;
  peer->info.has_left = false;
  // In place: the link stays up, and the other channel with it.
  drop_session(*peer, introduced->channel);
  make_session(*peer, kj::mv(introduced));
  update_state(*peer, "");
}

void LinkKeeper::make_session(Peer& peer, kj::Own<Introduced> introduced) {
  const Channel channel = introduced->channel;
  const std::size_t index = static_cast<std::size_t>(channel);
  const NodeId node = peer.info.node;
  const std::uint64_t id = ++session_last_;
  Line& line = peer.lines[index];
  Session::Options options;
  options.epoch_own = static_cast<std::uint32_t>(options_.own.epoch);
  options.epoch_peer = static_cast<std::uint32_t>(introduced->peer.epoch);
  options.credit_granted = options_.credit_bytes;
  options.credit_owned = introduced->credit_bytes;
  options.ping_interval = options_.ping_interval;
  options.silence_max = options_.silence_max;
  Session::Events events;
  events.on_message = [this, node](const Frame& frame) { deliver(node, frame); };
  events.on_end = [this, node, channel, id](const std::string& reason) {
    loop_.post([keeper = weak_from_this(), node, channel, id, reason] {
      const auto self = keeper.lock();
      if (self == nullptr || self->is_stopped_) return;
      const auto found = self->peers_.find(node);
      if (found == self->peers_.end()) return;
      Peer& ended = *found->second;
      if (ended.lines[static_cast<std::size_t>(channel)].session_id != id) return;
      self->detach(ended, channel, reason);
    });
  };
  Outbox& outbox = peer.route->outbox(channel);
  outbox.open();
  line.session = std::make_unique<Session>(
      loop_,
      std::move(introduced->connection),
      std::move(introduced->reader),
      outbox,
      options,
      std::move(events));
  line.session_id = id;
  line.dialer = introduced->is_dialed ? NodeId{options_.own.node} : node;
  ++line.connections;
  peer.changed_at = monotonic_now();
  peer.route->sessions[index] = line.session.get();
  line.session->start();
}

void LinkKeeper::detach(Peer& peer, Channel channel, const std::string& reason) {
  if (!drop_session(peer, channel)) return;
  peer.last_error = reason;
  update_state(peer, reason);
}

bool LinkKeeper::drop_session(Peer& peer, Channel channel) {
  const std::size_t index = static_cast<std::size_t>(channel);
  Line& line = peer.lines[index];
  if (line.session == nullptr) return false;
  const Session::Counters& counters = line.session->counters();
  peer.totals.messages_in += counters.messages_in;
  peer.totals.bytes_in += counters.bytes_in;
  peer.totals.bytes_out += counters.bytes_out;
  peer.totals.frames_stale += counters.frames_stale;
  peer.route->outbox(channel).close();
  peer.route->sessions[index] = nullptr;
  line.session_id = 0;
  line.session.reset();
  peer.changed_at = monotonic_now();
  return true;
}

void LinkKeeper::detach_all(Peer& peer, const std::string& reason) {
  detach(peer, Channel::control, reason);
  detach(peer, Channel::bulk, reason);
}

bool LinkKeeper::is_complete(const Peer& peer) const {
  return peer.lines[0].session != nullptr && peer.lines[1].session != nullptr;
}

void LinkKeeper::update_state(Peer& peer, const std::string& reason) {
  if (is_complete(peer) == peer.is_up) return;
  peer.is_up = !peer.is_up;
  const std::string whom =
      "'" + peer.info.name + "' (epoch " + std::to_string(peer.epoch_max) + ")";
  if (peer.is_up) {
    log::info("net", "linked to " + whom);
    msg::LinkUp up;
    up.node = peer.info.node.value;
    up.epoch = peer.epoch_max;
    tell(up);
    return;
  }
  const log::Level level = is_stopped_ ? log::Level::debug : log::Level::warning;
  log::write(level, "net", "lost the link to " + whom + ": " + reason);
  msg::LinkDown down;
  down.node = peer.info.node.value;
  down.epoch = peer.epoch_max;
  down.reason = reason;
  tell(down);
  detach_all(peer, reason);
}

void LinkKeeper::tell(const msg::Message& message) {
  const Address from = address_of(NodeId{options_.own.node}, msg::ActorKind::links);
  for (const Address& subscriber : options_.subscribers) {
    (void)directory_.post(std::make_shared<const Envelope>(Envelope{from, subscriber, 0, message}));
  }
}

void LinkKeeper::deliver(NodeId from, const Frame& frame) {
  const FrameHeader& header = frame.header;
  const auto kind = static_cast<msg::ActorKind>(header.to_kind);
  if (!is_reachable_from_afar(kind) || !may_travel(header.kind)) {
    return drop(from, Drop::forbidden, header.kind);
  }
  auto envelope = std::make_shared<Envelope>();
  if (!decode_message(header.kind, frame, envelope->body)) {
    return drop(from, Drop::undecodable, header.kind);
  }
  envelope->from =
      address_of(from, static_cast<msg::ActorKind>(header.from_kind), header.from_index);
  envelope->to = address_of(NodeId{options_.own.node}, kind, header.to_index);
  envelope->correlation = header.correlation;
  (void)ports_.post(std::move(envelope));
}

void LinkKeeper::drop(NodeId node, Drop why, std::uint32_t kind) {
  Peer* peer = peer_of(node);
  if (peer == nullptr) return;
  const std::string name(name_of_kind(kind));
  // A bound on the log whatever the peer sends: kinds without a name count as one.
  const bool is_first = peer->drops_told.emplace(why, name).second;
  const std::string whom = "'" + peer->info.name + "'";
  std::string words;
  switch (why) {
    case Drop::forbidden:
      ++peer->totals.messages_forbidden;
      words = "a message of " + whom + " that other nodes may not send was refused: ";
      break;
    case Drop::undecodable:
      ++peer->totals.messages_undecodable;
      words = "a message of " + whom + " cannot be read and was dropped: ";
      break;
    case Drop::too_large:
      ++peer->totals.messages_too_large;
      words = "a message for " + whom + " is larger than a frame and was dropped: ";
      break;
  }
  if (is_first) log::warning("net", words + name + "; more of its kind are only counted");
}

void LinkKeeper::set_delay(NodeId node, Duration one_way) {
  node_delays_[node] = one_way;
  if (const auto found = peers_.find(node); found != peers_.end()) apply_delay(*found->second);
}

void LinkKeeper::set_region_delay(const std::string& region, Duration one_way) {
  region_delays_[region] = one_way;
  for (auto& [node, peer] : peers_) apply_delay(*peer);
}

Duration LinkKeeper::delay_of(const Peer& peer) const {
  const auto own = node_delays_.find(peer.info.node);
  if (own != node_delays_.end() && own->second != Duration::zero()) return own->second;
  const auto regional = region_delays_.find(peer.info.region);
  return regional == region_delays_.end() ? Duration::zero() : regional->second;
}

void LinkKeeper::apply_delay(Peer& peer) {
  const Duration delay = delay_of(peer);
  peer.route->has_delay.store(delay != Duration::zero(), std::memory_order_relaxed);
  for (std::size_t i = 0; i < channel_count; ++i) {
    peer.route->outboxes[i].set_delay(delay);
    if (peer.route->sessions[i] != nullptr) peer.route->sessions[i]->wake();
  }
}

void LinkKeeper::set_blocked(NodeId node, bool is_blocked) {
  if (!is_blocked) {
    blocked_.erase(node);
    if (const auto found = peers_.find(node); found != peers_.end()) {
      found->second->dial.next_at = Instant{};
    }
    return;
  }
  blocked_.insert(node);
  if (const auto found = peers_.find(node); found != peers_.end()) {
    detach_all(*found->second, "blocked");
  }
}

std::vector<PeerStatus> LinkKeeper::status() const {
  std::vector<PeerStatus> all;
  for (const auto& [node, peer] : peers_) {
    PeerStatus status = peer->totals;
    status.node = node;
    status.name = peer->info.name;
    status.link_address = peer->info.link_address;
    status.region = peer->info.region;
    status.is_up = peer->is_up;
    status.epoch = peer->epoch_max;
    status.last_error = peer->dial.error.empty() ? peer->last_error : peer->dial.error;
    for (std::size_t i = 0; i < channel_count; ++i) {
      const Outbox::Counts counts = peer->route->outboxes[i].counts();
      status.messages_out += counts.appended;
      status.messages_refused += counts.refused;
      status.outbox_bytes += counts.bytes;
      status.connections += peer->lines[i].connections;
      const Session* session = peer->lines[i].session.get();
      if (session == nullptr) continue;
      status.messages_in += session->counters().messages_in;
      status.bytes_in += session->counters().bytes_in;
      status.bytes_out += session->counters().bytes_out;
      status.frames_stale += session->counters().frames_stale;
      if (i == 0) status.round_trip = session->counters().round_trip;
    }
    all.push_back(std::move(status));
  }
  return all;
}

}  // namespace harka::net
