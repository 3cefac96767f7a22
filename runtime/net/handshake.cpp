// SPDX-License-Identifier: Apache-2.0
// Each side sends one frame. Before it has been accepted a peer may send 16 KiB, no more.
#include "runtime/net/handshake.hpp"

#include "base/node_id.hpp"
#include "runtime/net/stream.hpp"
#include "runtime/net/tls.hpp"
#include "runtime/net/wire.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <utility>

namespace harka::net {

namespace {

constexpr std::size_t hello_bytes_max = 16 * 1024;

kj::Exception failure(const std::string& text) {
  return kj::Exception(
      kj::Exception::Type::FAILED, __FILE__, __LINE__, kj::heapString(text.c_str(), text.size()));
}

void send_at_once(kj::AsyncIoStream& stream) {
  const int one = 1;
  stream.setsockopt(IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

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
      {"SSL unable to continue I/O", "it closed the connection during the TLS handshake"},
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
  kj::Own<kj::PeerIdentity> certificate;
  std::string out;
  Frame frame;

  explicit Talk(kj::AuthenticatedStream authenticated)
      : certificate(kj::mv(authenticated.peerIdentity)) {
    result->stream = kj::mv(authenticated.stream);
    result->reader.set_body_bytes_max(hello_bytes_max);
  }

  kj::Promise<void> send(std::string bytes) {
    out = std::move(bytes);
    return result->stream->write(out.data(), out.size());
  }

  // Reads until `frame` is the first one.
  kj::Promise<void> hear(FrameType expected) {
    const FrameReader::Space space = result->reader.space();
    return result->stream->tryRead(space.data, 1, space.size)
        .then([this, expected](std::size_t count) -> kj::Promise<void> {
          if (count == 0) return failure("the peer closed the connection before its hello");
          result->reader.filled(count);
          switch (result->reader.next(frame)) {
            case FrameReader::Next::need_more: return hear(expected);
            case FrameReader::Next::broken: return failure(result->reader.reason());
            case FrameReader::Next::frame: break;
          }
          if (frame.header.type != expected) return failure("the first frame is not a hello");
          return kj::READY_NOW;
        });
  }
};

Handshake::Handshake(
    EventLoop::Kj& kj,
    kj::TlsContext* tls,
    const Identity& own,
    const Options& options,
    Judge judge)
    : kj_(kj), tls_(tls), own_(own), options_(options), judge_(std::move(judge)) {}

kj::Promise<kj::Own<Introduced>> Handshake::dial(const std::string& address, Channel channel) {
  auto dialed =
      kj_.network()
          .parseAddress(kj::heapString(address.c_str(), address.size()))
          .then([](kj::Own<kj::NetworkAddress> parsed) {
            auto connecting = parsed->connectAuthenticated();
            return connecting.attach(kj::mv(parsed));
          })
          .then([this](kj::AuthenticatedStream raw) -> kj::Promise<kj::AuthenticatedStream> {
            send_at_once(*raw.stream);
            if (tls_ == nullptr) return kj::mv(raw);
            raw.stream = make_buffered(kj::mv(raw.stream));
            return tls_->wrapClient(kj::mv(raw), any_node_hostname);
          })
          .then([this, channel, address](kj::AuthenticatedStream stream) {
            auto talk = kj::heap<Talk>(kj::mv(stream));
            talk->result->remote = address;
            talk->result->channel = channel;
            talk->result->is_dialed = true;
            return introduce(kj::mv(talk));
          });
  return within_deadline(kj::mv(dialed));
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
    kj::AuthenticatedStream stream, std::string remote) {
  send_at_once(*stream.stream);
  kj::Promise<kj::AuthenticatedStream> secured = nullptr;
  if (tls_ == nullptr) {
    secured = kj::mv(stream);
  } else {
    stream.stream = make_buffered(kj::mv(stream.stream));
    secured = tls_->wrapServer(kj::mv(stream));
  }
  auto answered =
      secured.then([this, remote = std::move(remote)](kj::AuthenticatedStream authenticated) {
        auto talk = kj::heap<Talk>(kj::mv(authenticated));
        talk->result->remote = remote;
        return hear_and_reply(kj::mv(talk));
      });
  return within_deadline(kj::mv(answered));
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
  if (tls_ != nullptr && !is_certified_as(*talk.certificate, peer.peer.name)) {
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
