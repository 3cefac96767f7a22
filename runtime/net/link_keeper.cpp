// SPDX-License-Identifier: Apache-2.0
// Who dials: the node with the lower id at once, the other one after a second of loneliness, so
// that a one-way firewall or an address that only one side knows does not keep two nodes apart.
// When both dial, the connection that the lower id dialed stays (see judge in link_peers.cpp).
#include "runtime/net/link_keeper.hpp"

#include "base/log.hpp"
#include "runtime/net/seed.hpp"
#include "runtime/net/tls.hpp"

#include <algorithm>
#include <utility>

namespace harka::net {

namespace {

constexpr Duration tick_every = 100ms;
constexpr Duration patience = 1s;           // one round of rounds_before_dial
constexpr Duration seed_patience = 5s;      // before a known seed is asked again who it is
constexpr Duration log_every = 5s;          // the same refusal
constexpr std::size_t answering_max = 256;  // connections that are not introduced yet

}  // namespace

LinkKeeper::LinkKeeper(
    EventLoop& loop,
    Directory& directory,
    const LinkOptions& options,
    std::shared_ptr<PeerTable> table)
    : loop_(loop),
      directory_(directory),
      ports_(directory),
      options_(options),
      table_(std::move(table)),
      random_(options.own.node ^ (options.own.epoch * 0x9e3779b97f4a7c15ULL)) {
  set_owners(options.owners);
}

LinkKeeper::~LinkKeeper() = default;

void LinkKeeper::start(std::function<void(Result<std::uint16_t>)> done) {
  EventLoop::Kj& kj = loop_.kj();
  if (options_.tls) {
    auto tls = NodeTls::make(*options_.tls);
    if (!tls) return done(tls.error());
    tls_ = std::move(tls.value());
  } else if (!options_.allows_plaintext) {
    return done(Error{
        Code::refused_to_protect,
        "links without TLS are refused: give certificates, or allow plain text explicitly"});
  }
  const std::string& address = options_.listen_address;
  listening_ =
      kj.network()
          .parseAddress(kj::heapString(address.c_str(), address.size()))
          .then([this, done](kj::Own<kj::NetworkAddress> parsed) {
            receiver_ = parsed->listen();
            if (options_.link_address.empty()) {
              const std::string& listened = options_.listen_address;
              options_.link_address = listened.substr(0, listened.rfind(':')) + ":" +
                                      std::to_string(receiver_->getPort());
            }
            handshake_ = std::make_unique<Handshake>(
                loop_.kj(),
                tls_.get(),
                options_.own,
                Handshake::Options{
                    options_.link_address, options_.credit_bytes, options_.handshake_max},
                [this](const Introduced& peer) { return judge(peer); });
            schedule_tick();
            accept_on();
            done(static_cast<std::uint16_t>(receiver_->getPort()));
          })
          .eagerlyEvaluate([done, address](kj::Exception&& exception) {
            done(
                Error{Code::io_failed, "cannot listen on " + address + ": " + describe(exception)});
          });
}

void LinkKeeper::stop() {
  if (std::exchange(is_stopped_, true)) return;
  if (tick_timer_ != 0) loop_.cancel_timer(tick_timer_);
  listening_ = nullptr;
  accepting_ = nullptr;
  answering_.clear();
  for (auto& [alias, seed] : seeds_) seed.dial.attempt = nullptr;
  for (auto& [node, peer] : peers_) {
    peer->dial.attempt = nullptr;
    detach_all(*peer, "this node stops its links");
  }
  ports_.clear();
  receiver_ = nullptr;
  handshake_.reset();
  tls_.reset();
}

void LinkKeeper::accept_on() {
  accepting_ = receiver_->acceptAuthenticated()
                   .then([this](kj::AuthenticatedStream stream) { answer(kj::mv(stream)); })
                   .then(
                       [] {},
                       [this](kj::Exception&& exception) {
                         // Out of descriptors, most likely: others may give some back.
                         refused("the listener", describe(exception));
                       })
                   .then([this] {
                     // A promise cannot replace itself while it runs.
                     loop_.post([keeper = weak_from_this()] {
                       const auto self = keeper.lock();
                       if (self != nullptr && !self->is_stopped_) self->accept_on();
                     });
                   })
                   .eagerlyEvaluate(nullptr);
}

void LinkKeeper::answer(kj::AuthenticatedStream accepted) {
  if (answering_.size() >= answering_max) return refused("the listener", "too many at once");
  const std::uint64_t id = ++answering_last_;
  const std::string remote(accepted.peerIdentity->toString().cStr());
  auto finish = [this, id] {
    loop_.post([keeper = weak_from_this(), id] {
      if (const auto self = keeper.lock()) self->answering_.erase(id);
    });
  };
  auto answered = handshake_->answer(kj::mv(accepted.stream), remote)
                      .then([this](kj::Own<Introduced> introduced) { attach(kj::mv(introduced)); })
                      .then(
                          [finish] { finish(); },
                          [this, finish, remote](kj::Exception&& exception) {
                            refused(remote, explain(exception));
                            finish();
                          })
                      .eagerlyEvaluate(nullptr);
  answering_.emplace(id, kj::mv(answered));
}

void LinkKeeper::refused(const std::string& remote, const std::string& reason) {
  ++refused_count_;
  if (reason.find(already_linked) != std::string::npos) return;
  if (reason.find(sign_self) != std::string::npos) return;  // a seed list may name this node
  const Instant now = monotonic_now();
  if (reason == refused_last_ && now - refused_logged_ < log_every) return;
  refused_last_ = reason;
  refused_logged_ = now;
  log::warning("net", "refused a connection from " + remote + ": " + reason);
}

void LinkKeeper::schedule_tick() {
  tick_timer_ = loop_.set_timer(tick_every, [keeper = weak_from_this()] {
    const auto self = keeper.lock();
    if (self == nullptr || self->is_stopped_) return;
    self->tick();
    self->schedule_tick();
  });
}

void LinkKeeper::tick() {
  const Instant now = monotonic_now();
  for (auto& [node, peer] : peers_) {
    for (Line& line : peer->lines) {
      if (line.session != nullptr) line.session->tick(now);
    }
  }
  tick_dials(now);
}

void LinkKeeper::tick_dials(Instant now) {
  for (auto& [node, peer] : peers_) {
    if (wants_dial(*peer, now)) run_dial(peer->dial, peer->info.link_address, node, NodeId{});
  }
  for (auto& [alias, seed] : seeds_) {
    if (wants_dial(seed, now)) run_dial(seed.dial, seed.address, NodeId{}, alias);
  }
}

bool LinkKeeper::wants_dial(const Peer& peer, Instant now) const {
  if (peer.is_up || peer.dial.is_running || now < peer.dial.next_at) return false;
  if (peer.info.has_left || peer.info.link_address.empty()) return false;
  if (blocked_.count(peer.info.node) > 0) return false;
  const bool has_half = peer.lines[0].session != nullptr || peer.lines[1].session != nullptr;
  const int rounds = rounds_before_dial(options_.own.node > peer.info.node.value, has_half);
  return now - peer.changed_at >= rounds * patience;
}

bool LinkKeeper::wants_dial(const Seed& seed, Instant now) const {
  if (seed.dial.is_running || now < seed.dial.next_at) return false;
  if (seed.node.is_none()) return true;
  const auto found = peers_.find(seed.node);
  if (found == peers_.end()) return true;
  const Peer& peer = *found->second;
  if (peer.info.has_left || blocked_.count(seed.node) > 0) return false;
  return !peer.is_up && !peer.dial.is_running && now - peer.changed_at >= seed_patience;
}

void LinkKeeper::run_dial(Dial& dial, const std::string& address, NodeId expected, NodeId alias) {
  dial.is_running = true;
  // Only what is missing: to dial a channel again that the other side has brought would replace it.
  const auto dial_missing = [this, address, expected, alias](Channel channel) -> kj::Promise<void> {
    const NodeId node = alias.is_none() ? expected : seeds_[alias].node;
    const auto found = peers_.find(node);
    const bool is_there =
        found != peers_.end() &&
        found->second->lines[static_cast<std::size_t>(channel)].session != nullptr;
    return is_there ? kj::Promise<void>(kj::READY_NOW)
                    : dial_one(address, channel, expected, alias);
  };
  dial.attempt = dial_missing(Channel::control)
                     .then([dial_missing] { return dial_missing(Channel::bulk); })
                     .then(
                         [this, &dial] {
                           dial.is_running = false;
                           dial.backoff = Duration::zero();
                           dial.next_at = monotonic_now() + options_.backoff_min;
                           dial.error.clear();
                         },
                         [this, &dial, address](kj::Exception&& exception) {
                           dial_failed(dial, address, explain(exception));
                         })
                     .eagerlyEvaluate(nullptr);
}

kj::Promise<void> LinkKeeper::dial_one(
    const std::string& address, Channel channel, NodeId expected, NodeId alias) {
  return handshake_->dial(address, channel)
      .then([this, address, expected, alias](kj::Own<Introduced> introduced) -> kj::Promise<void> {
        const NodeId node{introduced->peer.node};
        if (!expected.is_none() && node != expected) {
          return failure("another node answers at that address");
        }
        introduced->link_address = address;
        attach(kj::mv(introduced));
        if (!alias.is_none()) {
          seeds_[alias].node = node;
          for (const EnvelopePtr& waiting : table_->resolve_seed(alias, node)) {
            Envelope copy = *waiting;
            copy.to.node = node.value;
            (void)directory_.post(std::make_shared<const Envelope>(std::move(copy)));
          }
        }
        return kj::READY_NOW;
      });
}

void LinkKeeper::dial_failed(Dial& dial, const std::string& address, const std::string& reason) {
  const bool is_new = dial.error != reason;
  dial.is_running = false;
  dial.error = reason;
  dial.backoff = std::clamp(dial.backoff * 2, options_.backoff_min, options_.backoff_max);
  dial.next_at = monotonic_now() + random_.between(dial.backoff * 4 / 5, dial.backoff * 6 / 5);
  if (reason.find(sign_self) != std::string::npos) {
    dial.next_at = Instant::max();  // a seed list may name this node
    return;
  }
  if (is_new && reason.find(already_linked) == std::string::npos) {
    log::warning("net", "no link to " + address + ": " + reason);
  }
  report_rejection();
}

void LinkKeeper::report_rejection() {
  if (was_ever_linked_ || !options_.on_rejected) return;
  std::vector<SeedAnswer> answers;
  for (const auto& [alias, seed] : seeds_) {
    if (seed.dial.next_at != Instant::max()) answers.push_back({seed.address, seed.dial.error});
  }
  const auto rejection =
      rejection_of(answers, {options_.own.cluster_id == 0, monotonic_now() - started_at_});
  if (rejection) options_.on_rejected(*rejection);
}

}  // namespace harka::net
