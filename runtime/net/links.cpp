// SPDX-License-Identifier: Apache-2.0
// The sending path, run by whichever thread posts: find the route, encode, append, and wake the
// loop once a burst. Everything else is handed to the keeper on the loop.
#include "runtime/net/links.hpp"

#include "runtime/net/link_keeper.hpp"
#include "runtime/net/seed.hpp"
#include "runtime/net/wire.hpp"

#include <future>
#include <utility>

namespace harka::net {

namespace {

PeerInfo info_of(const msg::Member& member) {
  return {
      NodeId{member.node},
      member.name,
      member.link_address,
      member.region,
      member.data_id,
      member.state == msg::MemberState::left};
}

}  // namespace

Result<std::shared_ptr<Links>> Links::start(
    EventLoop& loop, Directory& directory, const LinkOptions& options) {
  ASSERT(!loop.is_loop_thread());
  ASSERT(options.own.node == directory.self().value);
  std::shared_ptr<Links> links(new Links(loop, directory, options));
  std::promise<Result<std::uint16_t>> listening;
  auto heard = listening.get_future();
  const bool is_running = loop.run([&] {
    links->keeper_->start(
        [&](Result<std::uint16_t> port) { listening.set_value(std::move(port)); });
  });
  if (!is_running) return Error{Code::retry_later, "the event loop has stopped"};
  auto port = heard.get();
  if (!port) return port.error();
  links->port_ = port.value();
  loop.at_stop([keeper = std::weak_ptr<LinkKeeper>(links->keeper_)] {
    if (const auto self = keeper.lock()) self->stop();
  });
  return links;
}

Links::Links(EventLoop& loop, Directory& directory, const LinkOptions& options)
    : loop_(loop),
      self_(options.own.node),
      epoch_low_(static_cast<std::uint32_t>(options.own.epoch)),
      table_(std::make_shared<PeerTable>(options.peers_max)),
      keeper_(std::make_shared<LinkKeeper>(loop, directory, options, table_)) {}

Links::~Links() {
  stop();
}

void Links::stop() {
  if (is_stopped_.exchange(true)) return;
  loop_.run([this] { keeper_->stop(); });
}

bool Links::post(EnvelopePtr envelope) {
  const NodeId to{envelope->to.node};
  if (to == self_) return post_local(*envelope);
  Route* route = table_->find(to);
  return route != nullptr ? send(*route, *envelope) : post_to_seed(envelope);
}

bool Links::post_local(const Envelope& envelope) {
  const auto* changed = std::get_if<msg::MembershipChanged>(&envelope.body);
  if (envelope.to.kind != msg::ActorKind::links || changed == nullptr) return false;
  std::vector<PeerInfo> peers;
  for (const msg::Member& member : changed->members) peers.push_back(info_of(member));
  set_peers(std::move(peers));
  return true;
}

bool Links::post_to_seed(const EnvelopePtr& envelope) {
  const PeerTable::SeedAnswer answer = table_->hold_for_seed(NodeId{envelope->to.node}, envelope);
  if (answer.node.is_none()) return answer.is_waiting;
  Route* route = table_->find(answer.node);
  return route != nullptr && send(*route, *envelope);
}

bool Links::send(Route& route, const Envelope& envelope) {
  const std::string_view body = encode_message(envelope.body);
  const Channel channel = channel_of(envelope.body, body.size());
  if (body.size() > limits::frame_bytes_max) {
    loop_.post([keeper = keeper_, to = NodeId{envelope.to.node}, kind = kind_of(envelope.body)] {
      keeper->drop(to, LinkKeeper::Drop::too_large, kind);
    });
    return false;
  }
  FrameHeader header;
  header.body_bytes = static_cast<std::uint32_t>(body.size());
  header.kind = kind_of(envelope.body);
  header.from_kind = static_cast<std::uint8_t>(envelope.from.kind);
  header.from_index = envelope.from.index;
  header.to_kind = static_cast<std::uint8_t>(envelope.to.kind);
  header.to_index = envelope.to.index;
  header.epoch = epoch_low_;
  header.correlation = envelope.correlation;
  const bool has_delay = route.has_delay.load(std::memory_order_relaxed);
  switch (route.outbox(channel).append(header, body, has_delay ? monotonic_now() : Instant{})) {
    case Outbox::Append::queued: return true;
    case Outbox::Append::refused: return false;
    case Outbox::Append::queued_wake: break;
  }
  loop_.post([table = table_, &route, channel] {
    Session* session = route.sessions[static_cast<std::size_t>(channel)];
    if (session != nullptr) session->wake();
  });
  return true;
}

void Links::set_peers(std::vector<PeerInfo> peers) {
  loop_.post([keeper = keeper_, peers = std::move(peers)] { keeper->set_peers(peers); });
}

NodeId Links::connect_seed(const std::string& host_port) {
  const NodeId alias = seed_alias(host_port);
  table_->add_seed(alias);
  loop_.post([keeper = keeper_, host_port] { keeper->add_seed(host_port); });
  return alias;
}

bool Links::send_to_address(const std::string& host_port, const Envelope& envelope) {
  Envelope addressed = envelope;
  addressed.to.node = connect_seed(host_port).value;
  return post(std::make_shared<const Envelope>(std::move(addressed)));
}

void Links::set_owners(std::vector<PeerInfo> owners) {
  loop_.post([keeper = keeper_, owners = std::move(owners)] { keeper->set_owners(owners); });
}

void Links::set_cluster_id(std::uint64_t cluster_id) {
  loop_.post([keeper = keeper_, cluster_id] { keeper->set_cluster_id(cluster_id); });
}

void Links::set_delay(NodeId node, Duration one_way) {
  loop_.post([keeper = keeper_, node, one_way] { keeper->set_delay(node, one_way); });
}

void Links::set_region_delay(const std::string& region, Duration one_way) {
  loop_.post([keeper = keeper_, region, one_way] { keeper->set_region_delay(region, one_way); });
}

void Links::set_blocked(NodeId node, bool is_blocked) {
  loop_.post([keeper = keeper_, node, is_blocked] { keeper->set_blocked(node, is_blocked); });
}

std::vector<PeerStatus> Links::status() {
  std::vector<PeerStatus> all;
  loop_.run([&] { all = keeper_->status(); });
  return all;
}

std::uint64_t Links::refused_count() {
  std::uint64_t count = 0;
  loop_.run([&] { count = keeper_->refused_count(); });
  return count;
}

}  // namespace harka::net
