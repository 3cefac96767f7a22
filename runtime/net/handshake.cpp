// SPDX-License-Identifier: Apache-2.0
// Each side sends one frame. Before it has been accepted a peer may send 16 KiB, no more.
#include "runtime/net/handshake.hpp"

#include "base/node_id.hpp"
#include "runtime/net/wire.hpp"

#include <algorithm>
#include <utility>

namespace harka::net {

namespace {

constexpr std::size_t hello_bytes_max = 16 * 1024;

std::string framed(FrameType type, const std::string& body) {
  FrameHeader header;
  header.type = type;
  header.body_bytes = static_cast<std::uint32_t>(body.size());
  return std::string(reinterpret_cast<const char*>(&header), sizeof header) + body;
}

}  // namespace

std::string explain(const kj::Exception& exception) {
  struct Case {
    const char* sign;
    const char* meaning;
  };

  static constexpr Case cases[] = {
      {"certificate verify failed", "its certificate is not of this cluster's CA, or has expired"},
      {"alert unknown ca", "it refuses our certificate: not of its CA"},
      {"alert decrypt error", "it refuses our certificate: not of its CA"},
      {"alert bad certificate", "it refuses our certificate"},
      {"alert certificate expired", "it refuses our certificate: expired"},
      {"alert certificate required", "it wants a certificate"},
      {"did not return a certificate", "it has no certificate"},
      {"wrong version number", "it does not speak TLS"},
      {"http request", "it does not speak TLS but HTTP"},
      {"unexpected eof", "it closed the connection during the TLS handshake"},
  };
  std::string text = describe(exception);
  for (const Case& known : cases) {
    if (text.find(known.sign) != std::string::npos) return known.meaning;
  }
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

struct Handshake::Talk {
  kj::Own<Introduced> result = kj::heap<Introduced>();
  Frame frame;

  explicit Talk(std::unique_ptr<Connection> connection) {
    result->connection = std::move(connection);
    result->reader.set_body_bytes_max(hello_bytes_max);
  }

  [[nodiscard]] Connection& connection() const { return *result->connection; }

  kj::Promise<void> send(const std::string& bytes) {
    connection().write(bytes);
    return send_rest();
  }

  kj::Promise<void> send_rest() {
    connection().flush();
    if (!connection().is_open()) return failure(connection().end_reason());
    if (connection().unsent() == 0) return kj::READY_NOW;
    return connection().when_writable().then([this] { return send_rest(); });
  }

  // Reads until `frame` is the first one.
  kj::Promise<void> hear(FrameType expected) {
    const FrameReader::Space space = result->reader.space();
    const std::size_t count = connection().read(space.data, space.size);
    if (!connection().is_open()) return failure(connection().end_reason() + " before its hello");
    if (count == 0) return connection().when_readable().then([=, this] { return hear(expected); });
    result->reader.filled(count);
    switch (result->reader.next(frame)) {
      case FrameReader::Next::need_more: return hear(expected);
      case FrameReader::Next::broken: return failure(result->reader.reason());
      case FrameReader::Next::frame: break;
    }
    if (frame.header.type != expected) return failure("the first frame is not a hello");
    return kj::READY_NOW;
  }
};

Handshake::Handshake(
    EventLoop::Kj& kj, const NodeTls* tls, const Identity& own, const Options& options, Judge judge)
    : kj_(kj), tls_(tls), own_(own), options_(options), judge_(std::move(judge)) {}

kj::Promise<kj::Own<Introduced>> Handshake::dial(const std::string& address, Channel channel) {
  auto dialed = kj_.network()
                    .parseAddress(kj::heapString(address.c_str(), address.size()))
                    .then([](kj::Own<kj::NetworkAddress> parsed) {
                      auto connecting = parsed->connect();
                      return connecting.attach(kj::mv(parsed));
                    })
                    .then([this, channel, address](kj::Own<kj::AsyncIoStream> stream) {
                      auto talk = talk_on(kj::mv(stream), TlsRole::dials);
                      talk->result->remote = address;
                      talk->result->channel = channel;
                      talk->result->is_dialed = true;
                      auto secured = talk->connection().secure();
                      return secured.then([this, talk = kj::mv(talk)]() mutable {
                        return introduce(kj::mv(talk));
                      });
                    });
  return within_deadline(kj::mv(dialed));
}

kj::Own<Handshake::Talk> Handshake::talk_on(kj::Own<kj::AsyncIoStream> stream, TlsRole role) {
  return kj::heap<Talk>(std::make_unique<Connection>(kj_, kj::mv(stream), tls_, role));
}

kj::Promise<kj::Own<Introduced>> Handshake::introduce(kj::Own<Talk> talk) {
  msg::Hello hello;
  hello.protocol_min = own_.protocol_min;
  hello.protocol_max = own_.protocol_max;
  hello.node = own_.node;
  hello.name = own_.name;
  hello.epoch = own_.epoch;
  hello.cluster_id = own_.cluster_id;
  hello.data_id = own_.data_id;
  hello.channel = static_cast<std::uint8_t>(talk->result->channel);
  hello.link_address = options_.link_address;
  hello.credit_bytes = options_.credit_bytes;
  Talk& here = *talk;
  return here.send(framed(FrameType::hello, encode_hello(hello)))
      .then([&here] { return here.hear(FrameType::hello_reply); })
      .then([this, &here]() -> kj::Promise<kj::Own<Introduced>> {
        const auto reply = decode_hello_reply(here.frame.body);
        here.frame = Frame{};
        if (!reply) return failure("hello reply: " + reply.error().detail);
        const msg::HelloReply& said = reply.value();
        if (!said.accepted) return failure("refused by the peer: " + said.reason);
        Introduced& result = *here.result;
        result.peer = {
            said.node,
            said.name,
            said.epoch,
            said.cluster_id,
            said.data_id,
            said.protocol,
            said.protocol};
        result.credit_bytes = said.credit_bytes;
        if (const auto refused = refusal(here)) return failure(*refused);
        return kj::mv(here.result);
      })
      .attach(kj::mv(talk));
}

kj::Promise<kj::Own<Introduced>> Handshake::answer(
    kj::Own<kj::AsyncIoStream> stream, std::string remote) {
  auto talk = talk_on(kj::mv(stream), TlsRole::listens);
  talk->result->remote = std::move(remote);
  auto secured = talk->connection().secure();
  return within_deadline(
      secured.then([this, talk = kj::mv(talk)]() mutable { return hear_and_reply(kj::mv(talk)); }));
}

kj::Promise<kj::Own<Introduced>> Handshake::hear_and_reply(kj::Own<Talk> talk) {
  Talk& here = *talk;
  return here.hear(FrameType::hello)
      .then([this, &here]() -> kj::Promise<kj::Own<Introduced>> {
        const auto heard = decode_hello(here.frame.body);
        here.frame = Frame{};
        if (!heard) return failure("hello: " + heard.error().detail);
        const msg::Hello& hello = heard.value();
        Introduced& result = *here.result;
        result.peer = {
            hello.node,
            hello.name,
            hello.epoch,
            hello.cluster_id,
            hello.data_id,
            hello.protocol_min,
            hello.protocol_max};
        result.link_address = hello.link_address;
        result.credit_bytes = hello.credit_bytes;
        result.channel = hello.channel == 0 ? Channel::control : Channel::bulk;
        const auto refused = refusal(here);
        msg::HelloReply reply;
        reply.accepted = !refused.has_value();
        reply.reason = refused.value_or("");
        reply.protocol = refused ? 0 : protocol_of(own_, result.peer);
        reply.node = own_.node;
        reply.name = own_.name;
        reply.epoch = own_.epoch;
        reply.cluster_id = own_.cluster_id;
        reply.data_id = own_.data_id;
        reply.credit_bytes = options_.credit_bytes;
        return here.send(framed(FrameType::hello_reply, encode_hello_reply(reply)))
            .then([&here, refused]() -> kj::Promise<kj::Own<Introduced>> {
              if (refused) return failure(*refused);
              return kj::mv(here.result);
            });
      })
      .attach(kj::mv(talk));
}

std::optional<std::string> Handshake::refusal(Talk& talk) const {
  const Introduced& peer = *talk.result;
  if (tls_ != nullptr && talk.connection().peer_name() != peer.peer.name) {
    return "the certificate of the node that calls itself '" + peer.peer.name +
           "' is for another name";
  }
  if (tls_ != nullptr && NodeId{peer.peer.node} != node_id_of(peer.peer.name)) {
    return "the certificate of '" + peer.peer.name + "' does not cover the node id in its hello, " +
           "which is not the id of that name: a node of another kind, or it claims to be another "
           "one";
  }
  if (peer.credit_bytes == 0) return "a hello without credit";
  return judge_(peer);
}

kj::Promise<kj::Own<Introduced>> Handshake::within_deadline(kj::Promise<kj::Own<Introduced>> talk) {
  auto too_late = kj_.timer()
                      .afterDelay(kj_duration(options_.handshake_max))
                      .then([]() -> kj::Promise<kj::Own<Introduced>> {
                        return failure("no hello within the handshake's time");
                      });
  return talk.exclusiveJoin(kj::mv(too_late));
}

}  // namespace harka::net
