// SPDX-License-Identifier: Apache-2.0
// The short ones; the containers (CLIENT, CLUSTER, …) have files of their own.
#include "gateway/local_commands.hpp"

#include "actors/kv/numbers.hpp"
#include "gateway/service.hpp"
#include "gateway/words.hpp"

#include <algorithm>

namespace harka::gateway {

namespace {

constexpr std::size_t quoted_max = 128;  // characters of a client's words in an error

void answer_ping(const LocalCall& call) {
  if (call.words.size() > 2) {
    call.reply.error("ERR wrong number of arguments for 'ping' command");
  } else if (call.words.size() == 2) {
    call.reply.bulk(call.words[1]);
  } else {
    call.reply.simple("PONG");
  }
}

void answer_select(const LocalCall& call) {
  const std::optional<std::int64_t> index = kv::parse_integer(call.words[1]);
  if (!index || *index < INT32_MIN || *index > INT32_MAX) {
    call.reply.error("ERR value is not an integer or out of range");
  } else if (*index != 0) {
    call.reply.error("ERR SELECT is not allowed in cluster mode");
  } else {
    call.reply.ok();
  }
}

/// Earlier writes of this connection were answered, so a majority has them: nothing to wait for.
void answer_wait(const LocalCall& call) {
  const std::optional<std::int64_t> replicas = kv::parse_integer(call.words[1]);
  const std::optional<std::int64_t> timeout = kv::parse_integer(call.words[2]);
  if (!replicas) return call.reply.error("ERR value is not an integer or out of range");
  if (!timeout) return call.reply.error("ERR timeout is not an integer or out of range");
  if (*timeout < 0) return call.reply.error("ERR timeout is negative");
  call.reply.integer(call.service.view().replication_factor / 2);
}

void answer_time(const LocalCall& call) {
  const std::int64_t now = call.service.wall_ms();
  call.reply.array(2);
  call.reply.bulk(std::to_string(now / 1000));
  call.reply.bulk(std::to_string(now % 1000 * 1000));
}

}  // namespace

void answer_locally(const LocalCall& call) {
  switch (call.info.id) {
    case kv::CommandId::ping: return answer_ping(call);
    case kv::CommandId::echo: return call.reply.bulk(call.words[1]);
    case kv::CommandId::hello: return answer_hello(call);
    case kv::CommandId::auth: return answer_auth(call);
    case kv::CommandId::select: return answer_select(call);
    case kv::CommandId::client: return answer_client(call);
    case kv::CommandId::command: return answer_command(call);
    case kv::CommandId::config: return answer_config(call);
    case kv::CommandId::info: return answer_info(call);
    case kv::CommandId::reset: call.session.reset(); return call.reply.simple("RESET");
    case kv::CommandId::readonly: call.session.set_readonly(true); return call.reply.ok();
    case kv::CommandId::readwrite: call.session.set_readonly(false); return call.reply.ok();
    case kv::CommandId::quit:
    case kv::CommandId::asking: return call.reply.ok();
    case kv::CommandId::wait: return answer_wait(call);
    case kv::CommandId::time: return answer_time(call);
    case kv::CommandId::lastsave: return call.reply.integer(call.service.wall_ms() / 1000);
    case kv::CommandId::cluster: return answer_cluster(call);
    default: break;  // NOLINT: shards and walks have the others
  }
  call.reply.error("ERR this command is not answered here");
}

std::string unknown_command_text(std::span<const std::string_view> words) {
  std::string arguments;
  for (std::size_t i = 1; i < words.size() && arguments.size() < quoted_max; ++i) {
    // As printf's %s would, up to a zero byte.
    const std::string_view word = words[i].substr(0, quoted_max - arguments.size());
    arguments.append("'").append(word.substr(0, word.find('\0'))).append("' ");
  }
  const std::string_view name = words[0].substr(0, std::min(quoted_max, words[0].find('\0')));
  return "ERR unknown command '" + std::string(name) + "', with args beginning with: " + arguments;
}

void refuse_subcommand(const LocalCall& call) {
  const std::string_view word = call.words[1].substr(0, quoted_max);
  call.reply.error(
      "ERR unknown subcommand '" + std::string(word) + "'. Try " + upper(call.info.name) +
      " HELP.");
}

bool is_subcommand(const LocalCall& call, std::string_view name, int count, bool& is_answered) {
  if (is_answered || !is_word(call.words[1], name)) return false;
  const auto given = static_cast<int>(call.words.size());
  if (count < 0 ? given >= -count : given == count) {
    is_answered = true;
    return true;
  }
  call.reply.error(
      "ERR wrong number of arguments for '" + std::string(call.info.name) + "|" +
      std::string(name) + "' command");
  is_answered = true;
  return false;
}

}  // namespace harka::gateway
