// SPDX-License-Identifier: Apache-2.0
// Three flows on one thread: commands from the server to the router, answers from replicas through
// the router to the server, and news about the cluster to both.
#include "apps/gateway_loop.hpp"

#include "actors/kv/command.hpp"
#include "apps/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace harka::apps {

namespace {

constexpr std::uint64_t scan_bit = 1ULL << 63U;  // marks the correlation of a scan

/// Reads the RESP that our own shards write for scans. Views into `text`.
class ReplyReader {
 public:
  explicit ReplyReader(std::string_view text) : rest_(text) {}

  std::int64_t header(char type) {
    ASSERT(!rest_.empty() && rest_[0] == type);
    const std::size_t end = rest_.find("\r\n");
    ASSERT(end != std::string_view::npos);
    std::int64_t number = 0;
    std::from_chars(rest_.data() + 1, rest_.data() + end, number);
    rest_.remove_prefix(end + 2);
    return number;
  }

  std::string_view bulk() {
    const auto size = static_cast<std::size_t>(header('$'));
    ASSERT(rest_.size() >= size + 2);
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size + 2);
    return text;
  }

 private:
  std::string_view rest_;
};

}  // namespace

/// Where other threads put what is for this loop: a vector and one task a burst. Shared with the
/// directory, which may still hold it when the loop is gone.
///
/// The router's is bounded, as other nodes may write to it: what is refused is as lost as on a
/// link, and the router asks again. The client's is not, as nothing in it may be lost: it gets one
/// answer to each ticket, from this node alone, and so never more than commands are in flight.
class GatewayLoop::Inbox final : public Port {
 public:
  Inbox(GatewayLoop& owner, std::size_t length_max) : owner_(&owner), length_max_(length_max) {}

  bool post(EnvelopePtr envelope) override {
    const std::lock_guard lock(mutex_);
    if (owner_ == nullptr || waiting_.size() >= length_max_) return false;
    waiting_.push_back(std::move(envelope));
    if (waiting_.size() > 1) return true;
    return owner_->loop_.post([this] {
      std::vector<EnvelopePtr> taken;
      GatewayLoop* owner = nullptr;
      {
        const std::lock_guard inner(mutex_);
        taken.swap(waiting_);
        owner = owner_;
      }
      if (owner != nullptr) owner->take(std::move(taken));
    });
  }

  void close() {
    const std::lock_guard lock(mutex_);
    owner_ = nullptr;
  }

 private:
  std::mutex mutex_;
  GatewayLoop* owner_;
  const std::size_t length_max_;
  std::vector<EnvelopePtr> waiting_;
};

GatewayLoop::GatewayLoop(std::uint32_t index, const Parts& parts)
    : parts_(parts),
      index_(index),
      router_(address_of(parts.context.node, msg::ActorKind::router, index)),
      client_(address_of(parts.context.node, msg::ActorKind::client, index)),
      loop_("gateway-" + std::to_string(index), parts.on_failure) {}

Result<std::unique_ptr<GatewayLoop>> GatewayLoop::start(
    std::uint32_t index, const Parts& parts, const gateway::Options& options) {
  std::unique_ptr<GatewayLoop> made(new GatewayLoop(index, parts));
  if (Result<void> opened = made->open(options); !opened.ok()) return opened.error();
  return Result<std::unique_ptr<GatewayLoop>>(std::move(made));
}

GatewayLoop::~GatewayLoop() {
  stop();
}

Result<void> GatewayLoop::open(const gateway::Options& options) {
  loop_.run([this] {
    ChildSpec spec;
    spec.address = router_;
    MachineHost::Options host;
    host.self = router_;
    host.seed = parts_.context.epoch.value * 1000 + index_;
    host.record =
        parts_.registry.spawned(router_, Address{}, 0, HostTime::read().wall, ThreadUse::loop);
    host_ = std::make_unique<MachineHost>(parts_.catalogue.make(spec), parts_.directory, host);
    give_turn([](MachineHost& machine, const HostTime& time) { machine.start(time); });
    arm_timer();
  });
  router_inbox_ = std::make_shared<Inbox>(*this, router_inbox_max);
  client_inbox_ = std::make_shared<Inbox>(*this, SIZE_MAX);
  parts_.directory.bind(router_, router_inbox_);
  parts_.directory.bind(client_, client_inbox_);
  Result<std::unique_ptr<gateway::Server>> server = gateway::Server::start(loop_, options, *this);
  if (!server.ok()) return server.error();
  loop_.run([&] {
    server_ = std::move(server).value();
    show_view();
  });
  return {};
}

void GatewayLoop::stop() {
  if (router_inbox_ == nullptr) return;
  std::unique_ptr<gateway::Server> server;
  loop_.run([&] {
    server = std::move(server_);
    if (timer_ != 0) loop_.cancel_timer(timer_);
  });
  if (server != nullptr) server->stop();
  parts_.directory.unbind(router_, router_inbox_.get());
  parts_.directory.unbind(client_, client_inbox_.get());
  router_inbox_->close();
  client_inbox_->close();
  loop_.stop();
  router_inbox_.reset();
}

void GatewayLoop::submit(msg::ShardBatch batch, std::uint64_t ticket) {
  deliver(Envelope{client_, router_, ticket, std::move(batch)});
}

void GatewayLoop::scan(const gateway::ScanRequest& request, std::uint64_t ticket) {
  std::string commands;
  if (request.is_count_only) {
    kv::CommandWriter(commands).add(kv::CommandId::dbsize, 0, nullptr, 0);
  } else {
    const std::string from = std::to_string(request.from);
    const std::string count = std::to_string(request.count);
    const std::array<std::string_view, 2> arguments{from, count};
    kv::CommandWriter(commands).add(kv::CommandId::scan, 0, arguments.data(), arguments.size());
  }
  msg::ShardBatch batch;
  batch.shard = request.shard;
  batch.commands = SharedBytes(std::move(commands));
  batch.count = 1;
  scans_[ticket] = request.is_count_only;
  deliver(Envelope{client_, router_, ticket | scan_bit, std::move(batch)});
}

void GatewayLoop::admin(
    std::string verb, std::vector<std::string> arguments, std::uint64_t ticket) {
  std::transform(verb.begin(), verb.end(), verb.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  msg::AdminRequest request;
  request.verb = std::move(verb);
  request.arguments = std::move(arguments);
  request.token = ticket;
  const bool is_taken = parts_.directory.post(std::make_shared<const Envelope>(Envelope{
      client_,
      address_of(parts_.context.node, msg::ActorKind::admin),
      ticket,
      std::move(request)}));
  if (is_taken) return;
  // Clients can connect before the actors run: silence would cost them their whole patience.
  msg::AdminReply refusal;
  refusal.token = ticket;
  refusal.exit_code = 3;
  refusal.json = SharedBytes(std::string(R"({"error":"the node is starting or stopping"})"));
  (void)client_inbox_->post(
      std::make_shared<const Envelope>(Envelope{client_, client_, ticket, std::move(refusal)}));
}

void GatewayLoop::take(std::vector<EnvelopePtr> envelopes) {
  for (EnvelopePtr& envelope : envelopes) {
    if (envelope->to.kind == msg::ActorKind::client) {
      answers_.push_back(std::move(envelope));
    } else {
      watch(*envelope);
      give_turn([&](MachineHost& host, const HostTime& time) { host.deliver(*envelope, time); });
    }
  }
  drain_answers();
  arm_timer();
  if (!is_view_shown_) show_view();
}

// The router's answers come back through the directory into `answers_` by way of the client's
// inbox; a machine may not be entered again before its turn is over.
void GatewayLoop::deliver(const Envelope& envelope) {
  give_turn([&](MachineHost& host, const HostTime& time) { host.deliver(envelope, time); });
  arm_timer();
}

// No supervisor stands above this router: when it is over, the node is.
template <typename Act>
void GatewayLoop::give_turn(const Act& act) {
  act(*host_, HostTime::read());
  if (host_->ending()) loop_.fail("the router failed: " + host_->ending()->reason);
}

void GatewayLoop::drain_answers() {
  if (server_ == nullptr) return;
  for (const EnvelopePtr& envelope : std::exchange(answers_, {})) answer(*envelope);
}

void GatewayLoop::answer(const Envelope& envelope) {
  if (const auto* reply = std::get_if<msg::ShardReply>(&envelope.body)) {
    if ((envelope.correlation & scan_bit) != 0) {
      answer_scan(envelope.correlation & ~scan_bit, *reply);
    } else {
      server_->service().on_reply(envelope.correlation, *reply);
    }
  } else if (const auto* admin = std::get_if<msg::AdminReply>(&envelope.body)) {
    server_->service().on_admin(admin->token, admin->exit_code, admin->json.view());
  }
}

void GatewayLoop::answer_scan(std::uint64_t ticket, const msg::ShardReply& reply) {
  const auto found = scans_.find(ticket);
  if (found == scans_.end()) return;
  const bool is_count_only = found->second;
  scans_.erase(found);
  gateway::ScanAnswer answer;
  answer.is_ok = reply.outcome == msg::BatchOutcome::done;
  if (answer.is_ok) {
    ReplyReader reader(reply.replies.view());
    if (is_count_only) {
      const std::int64_t total = reader.header(':');
      answer.total = total < 0 ? 0 : static_cast<std::uint64_t>(total);
      answer.next = total < 0 ? 1 : 0;  // the shard goes on counting when it is asked again
    } else {
      (void)reader.header('*');
      const std::string_view next = reader.bulk();
      std::from_chars(next.data(), next.data() + next.size(), answer.next);
      for (std::int64_t count = reader.header('*'); count > 0; --count) {
        answer.keys.emplace_back(reader.bulk());
      }
    }
  }
  server_->service().on_scan(ticket, std::move(answer));
}

void GatewayLoop::watch(const Envelope& envelope) {
  if (NodeId{envelope.from.node} != parts_.context.node) return;  // as its router
  if (const auto* update = std::get_if<msg::MapUpdate>(&envelope.body)) {
    if (update->map.version < map_.version) return;
    map_ = update->map;
    leaders_.resize(map_.shard_count);
  } else if (const auto* change = std::get_if<msg::MembershipChanged>(&envelope.body)) {
    for (const msg::Member& member : change->members) members_[member.node] = member;
  } else if (const auto* hints = std::get_if<msg::LeaderHints>(&envelope.body)) {
    bool has_news = false;
    for (const msg::LeaderHint& hint : hints->hints) {
      if (hint.group == meta_group.value) continue;
      const std::uint32_t shard = shard_of(GroupId{hint.group}).value;
      if (shard >= leaders_.size() || hint.term < leaders_[shard].term) continue;
      has_news = has_news || leaders_[shard].node != hint.leader;
      leaders_[shard] = Leader{hint.term, hint.leader};
    }
    if (!has_news) return;
  } else {
    return;
  }
  is_view_shown_ = false;
}

void GatewayLoop::show_view() {
  is_view_shown_ = true;
  if (server_ == nullptr) return;
  gateway::ClusterView view;
  view.self = parts_.context.node;
  view.version = map_.version;
  view.shard_count = map_.shard_count;
  view.replication_factor = map_.replication_factor;
  std::map<std::uint64_t, bool> is_dead;
  for (const msg::NodeRecord& record : map_.nodes) {
    gateway::ClusterView::Node node;
    node.id = NodeId{record.node};
    node.name = record.name;
    node.region = record.region;
    std::string clients = record.client_address;
    std::string links = record.link_address;
    if (const auto member = members_.find(record.node); member != members_.end()) {
      clients = member->second.client_address;  // newer than the map: it may have moved
      links = member->second.link_address;
      is_dead[record.node] = member->second.state == msg::MemberState::dead ||
                             member->second.state == msg::MemberState::left;
    }
    const Result<HostPort> client = parse_address(clients);
    const Result<HostPort> link = parse_address(links);
    if (!client.ok() || !link.ok()) continue;
    node.host = client.value().host;
    node.port = client.value().port;
    node.link_port = link.value().port;
    view.nodes.push_back(std::move(node));
  }
  for (const Leader& leader : leaders_) {
    view.leaders.emplace_back(is_dead[leader.node] ? 0 : leader.node);
  }
  server_->service().set_view(std::move(view));
}

void GatewayLoop::arm_timer() {
  if (timer_ != 0) return;
  const std::optional<Instant> due = host_->next_due();
  if (!due) return;
  const Duration wait = std::max<Duration>(1ms, *due - HostTime::read().now);
  timer_ = loop_.set_timer(wait, [this] {
    timer_ = 0;
    give_turn([](MachineHost& host, const HostTime& time) { host.fire_timers(time); });
    drain_answers();
    arm_timer();
  });
}

}  // namespace harka::apps
