// SPDX-License-Identifier: Apache-2.0
// Who a connection is: HELLO, AUTH, CLIENT.
#include "actors/kv/numbers.hpp"
#include "gateway/local_commands.hpp"
#include "gateway/service.hpp"
#include "gateway/words.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <optional>

namespace harka::gateway {

namespace {

constexpr std::string_view redis_version = "7.0.15";  // whose behaviour clients may expect
constexpr std::string_view wrong_password =
    "WRONGPASS invalid username-password pair or user is disabled.";

/// Takes the same time wherever the two differ.
bool is_same_secret(std::string_view a, std::string_view b) {
  unsigned char hash_a[SHA256_DIGEST_LENGTH];
  unsigned char hash_b[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(a.data()), a.size(), hash_a);  // NOLINT: its type
  SHA256(reinterpret_cast<const unsigned char*>(b.data()), b.size(), hash_b);  // NOLINT: its type
  return CRYPTO_memcmp(hash_a, hash_b, sizeof hash_a) == 0;
}

bool may_enter(const LocalCall& call, std::string_view user, std::string_view password) {
  const std::string& expected = call.service.options().password;
  return user == "default" && (expected.empty() || is_same_secret(password, expected));
}

bool is_good_name(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= '!' && c <= '~'; });
}

constexpr std::string_view bad_name =
    "ERR Client names cannot contain spaces, newlines or special characters.";

void describe(const LocalCall& call, RespSession& session, std::string& out) {
  const SessionState& state = session.state();
  const auto seconds_since = [&](Instant then) {
    return std::to_string((call.service.now() - then) / 1s);
  };
  out += "id=" + std::to_string(Service::client_id(session.id())) + " addr=" + state.peer +
         " laddr=" + state.local + " fd=" + std::to_string(session.id().slot) +
         " name=" + state.name + " age=" + seconds_since(state.connected_at) +
         " idle=" + seconds_since(state.active_at) + " flags=" + (state.is_readonly ? "r" : "N") +
         " db=0 sub=0 psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 obl=" +
         std::to_string(session.output().size()) +
         " oll=0 omem=0 tot-mem=0 events=r cmd=" + std::string(state.last_command) +
         " user=default redir=-1 resp=" + (state.is_resp3 ? "3" : "2") + "\n";
}

/// Which connections a CLIENT KILL means.
struct KillFilter {
  std::optional<std::int64_t> id;
  std::string_view address;  // of the client; empty: any
  std::string_view local;
  bool is_other_type = false;  // all connections here are normal ones
  bool skips_me = true;

  [[nodiscard]] bool matches(const RespSession& session) const {
    const SessionState& state = session.state();
    if (id && static_cast<std::uint64_t>(*id) != Service::client_id(session.id())) return false;
    if (!address.empty() && address != state.peer) return false;
    return !is_other_type && (local.empty() || local == state.local);
  }
};

/// [ID n] [ADDR a] [LADDR a] [TYPE t] [SKIPME yes|no] …; the error, or nothing.
std::string read_filter(const LocalCall& call, KillFilter& filter) {
  if (call.words.size() % 2 != 0) return "ERR syntax error";
  for (std::size_t i = 2; i < call.words.size(); i += 2) {
    const std::string_view value = call.words[i + 1];
    if (is_word(call.words[i], "id")) {
      filter.id = kv::parse_integer(value);
      if (!filter.id || *filter.id < 1) return "ERR client-id should be greater than 0";
    } else if (is_word(call.words[i], "addr")) {
      filter.address = value;
    } else if (is_word(call.words[i], "laddr")) {
      filter.local = value;
    } else if (is_word(call.words[i], "type")) {
      const bool is_known = is_word(value, "master") || is_word(value, "slave") ||
                            is_word(value, "replica") || is_word(value, "pubsub");
      if (!is_known && !is_word(value, "normal")) {
        return "ERR Unknown client type '" + std::string(value) + "'";
      }
      filter.is_other_type = is_known;
    } else if (is_word(call.words[i], "skipme")) {
      filter.skips_me = is_word(value, "yes");
      if (!filter.skips_me && !is_word(value, "no")) return "ERR syntax error";
    } else {
      return "ERR syntax error";
    }
  }
  return {};
}

/// CLIENT KILL addr, or with filters.
void answer_kill(const LocalCall& call) {
  const bool is_old = call.words.size() == 3;
  KillFilter filter;
  if (is_old) {
    filter.address = call.words[2];
    filter.skips_me = false;
  } else if (const std::string error = read_filter(call, filter); !error.empty()) {
    return call.reply.error(error);
  }
  std::int64_t count = 0;
  call.service.for_each_session([&](RespSession& session) {
    const bool is_spared = filter.skips_me && &session == &call.session;
    if (is_spared || !filter.matches(session)) return;
    session.close();
    call.service.touch(session);
    ++count;
  });
  if (!is_old) return call.reply.integer(count);
  if (count == 0) return call.reply.error("ERR No such client");
  call.reply.ok();
}

void answer_setname(const LocalCall& call) {
  if (!is_good_name(call.words[2])) return call.reply.error(bad_name);
  call.session.state().name = call.words[2];
  call.reply.ok();
}

void answer_switch(const LocalCall& call) {
  if (is_word(call.words[2], "on") || is_word(call.words[2], "off")) return call.reply.ok();
  call.reply.error("ERR syntax error");
}

void answer_reply_mode(const LocalCall& call) {
  if (is_word(call.words[2], "on")) return call.reply.ok();
  const bool is_known = is_word(call.words[2], "off") || is_word(call.words[2], "skip");
  call.reply.error(
      is_known ? "ERR CLIENT REPLY OFF and SKIP are not supported" : "ERR syntax error");
}

void answer_list(const LocalCall& call) {
  std::string text;
  call.service.for_each_session([&](RespSession& session) { describe(call, session, text); });
  call.reply.verbatim(text);
}

}  // namespace

void answer_client(const LocalCall& call) {
  bool done = false;
  if (is_subcommand(call, "id", 2, done)) {
    call.reply.integer(static_cast<std::int64_t>(Service::client_id(call.session.id())));
  } else if (is_subcommand(call, "setname", 3, done)) {
    answer_setname(call);
  } else if (is_subcommand(call, "getname", 2, done)) {
    const std::string& name = call.session.state().name;
    if (name.empty()) call.reply.null();
    if (!name.empty()) call.reply.bulk(name);
  } else if (is_subcommand(call, "setinfo", 4, done)) {
    call.reply.ok();
  } else if (is_subcommand(call, "list", -2, done)) {
    answer_list(call);
  } else if (is_subcommand(call, "info", 2, done)) {
    std::string text;
    describe(call, call.session, text);
    call.reply.verbatim(text);
  } else if (is_subcommand(call, "kill", -3, done)) {
    answer_kill(call);
  } else if (is_subcommand(call, "no-evict", 3, done)) {
    answer_switch(call);
  } else if (is_subcommand(call, "reply", 3, done)) {
    answer_reply_mode(call);
  } else if (is_subcommand(call, "tracking", -3, done)) {
    call.reply.error("ERR client-side caching is not supported");
  } else if (!done) {
    refuse_subcommand(call);
  }
}

void answer_auth(const LocalCall& call) {
  if (call.words.size() > 3) return call.reply.error("ERR syntax error");
  const bool names_user = call.words.size() == 3;
  if (!names_user && call.service.options().password.empty()) {
    return call.reply.error(
        "ERR AUTH <password> called without any password configured for the default user. Are you "
        "sure your configuration is correct?");
  }
  const std::string_view user = names_user ? call.words[1] : std::string_view("default");
  if (!may_enter(call, user, call.words.back())) return call.reply.error(wrong_password);
  call.session.set_authenticated(true);
  call.reply.ok();
}

void answer_hello(const LocalCall& call) {
  SessionState& state = call.session.state();
  bool is_resp3 = state.is_resp3;
  if (call.words.size() > 1) {
    const std::optional<std::int64_t> version = kv::parse_integer(call.words[1]);
    if (!version) {
      return call.reply.error("ERR Protocol version is not an integer or out of range");
    }
    if (*version < 2 || *version > 3)
      return call.reply.error("NOPROTO unsupported protocol version");
    is_resp3 = *version == 3;
  }
  std::string_view name;
  for (std::size_t i = 2; i < call.words.size(); ++i) {
    const std::size_t more = call.words.size() - 1 - i;
    if (is_word(call.words[i], "auth") && more >= 2) {
      if (!may_enter(call, call.words[i + 1], call.words[i + 2])) {
        return call.reply.error(wrong_password);
      }
      call.session.set_authenticated(true);
      i += 2;
    } else if (is_word(call.words[i], "setname") && more >= 1) {
      name = call.words[++i];
      if (!is_good_name(name)) return call.reply.error(bad_name);
    } else {
      return call.reply.error(
          "ERR Syntax error in HELLO option '" + std::string(call.words[i]) + "'");
    }
  }
  if (!state.is_authenticated) {
    return call.reply.error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
        "<proto> AUTH <user> <pass> option can be used to authenticate the client and select the "
        "RESP protocol version at the same time");
  }
  if (!name.empty()) state.name = name;
  state.is_resp3 = is_resp3;
  std::string text;
  kv::RespWriter out(text, is_resp3);
  out.map(7);
  const auto field = [&out](std::string_view key) -> kv::RespWriter& {
    out.bulk(key);
    return out;
  };
  field("server").bulk("redis");
  field("version").bulk(redis_version);
  field("proto").integer(is_resp3 ? 3 : 2);
  field("id").integer(static_cast<std::int64_t>(Service::client_id(call.session.id())));
  field("mode").bulk("cluster");
  field("role").bulk("master");
  field("modules").array(0);
  call.reply.raw(text);
}

}  // namespace harka::gateway
