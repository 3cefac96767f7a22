// SPDX-License-Identifier: Apache-2.0
// From a TCP connection to an introduced peer: TLS, hello, answer, all within one deadline. Loop
// thread. What fails becomes a KJ exception whose description is one line for the log.
#pragma once

#include "runtime/net/admission.hpp"
#include "runtime/net/channel.hpp"
#include "runtime/net/connection.hpp"
#include "runtime/net/frame.hpp"
#include "runtime/net/loop_kj.hpp"

#include <kj/async-io.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace harka::net {

/// A connection whose peer is known and accepted.
struct Introduced {
  std::unique_ptr<Connection> connection;
  FrameReader reader;  // may hold bytes that came behind the hello
  Identity peer;
  std::string link_address;  // of the peer, as it says; empty on the dialer's side
  std::uint64_t credit_bytes = 0;
  Channel channel = Channel::control;
  bool is_dialed = false;
  std::string remote;  // for the log
};

/// Why a handshake failed, in words that say what to look at instead of OpenSSL's.
[[nodiscard]] std::string explain(const kj::Exception& exception);

class Handshake {
 public:
  struct Options {
    std::string link_address;
    std::uint64_t credit_bytes = 0;
    Duration handshake_max = 5s;
  };

  /// The owner's word on a peer beyond its certificate: a refusal, or nothing.
  using Judge = std::function<std::optional<std::string>(const Introduced& peer)>;

  /// `tls` null: plain text. `own` may change between calls; all references outlive the object.
  Handshake(
      EventLoop::Kj& kj,
      const NodeTls* tls,
      const Identity& own,
      const Options& options,
      Judge judge);

  [[nodiscard]] kj::Promise<kj::Own<Introduced>> dial(const std::string& address, Channel channel);
  [[nodiscard]] kj::Promise<kj::Own<Introduced>> answer(
      kj::Own<kj::AsyncIoStream> stream, std::string remote);

 private:
  struct Talk;
  [[nodiscard]] kj::Own<Talk> talk_on(kj::Own<kj::AsyncIoStream> stream, TlsRole role);
  kj::Promise<kj::Own<Introduced>> introduce(kj::Own<Talk> talk);
  kj::Promise<kj::Own<Introduced>> hear_and_reply(kj::Own<Talk> talk);
  kj::Promise<kj::Own<Introduced>> within_deadline(kj::Promise<kj::Own<Introduced>> talk);
  [[nodiscard]] std::optional<std::string> refusal(Talk& talk) const;

  EventLoop::Kj& kj_;
  const NodeTls* tls_;
  const Identity& own_;
  Options options_;
  Judge judge_;
};

}  // namespace harka::net
