// SPDX-License-Identifier: Apache-2.0
// Commands that a gateway answers by itself: connection, introspection, cluster description. Each
// writes exactly one reply.
#pragma once

#include "actors/kv/command_table.hpp"
#include "actors/kv/resp_writer.hpp"

#include <span>
#include <string>
#include <string_view>

namespace harka::gateway {

class RespSession;
class Service;

struct LocalCall {
  RespSession& session;
  Service& service;
  const kv::CommandInfo& info;
  std::span<const std::string_view> words;  // with the name
  kv::RespWriter& reply;
};

void answer_locally(const LocalCall& call);

/// "ERR unknown command 'x', with args beginning with: 'a' 'b' "
[[nodiscard]] std::string unknown_command_text(std::span<const std::string_view> words);

/// Answers with Redis's error for a subcommand that is not known.
void refuse_subcommand(const LocalCall& call);

/// True if word 1 is `name` and there are `count` words (negative: at least so many). With the
/// right name and a wrong count it answers with the error and sets `is_answered`.
[[nodiscard]] bool is_subcommand(
    const LocalCall& call, std::string_view name, int count, bool& is_answered);

// Each in a file of its own.
void answer_client(const LocalCall& call);
void answer_cluster(const LocalCall& call);
void answer_command(const LocalCall& call);
void answer_config(const LocalCall& call);
void answer_info(const LocalCall& call);
void answer_hello(const LocalCall& call);
void answer_auth(const LocalCall& call);

}  // namespace harka::gateway
