// SPDX-License-Identifier: Apache-2.0
// From ids to functions.
#include "actors/kv/executor.hpp"

#include "actors/kv/execution.hpp"

namespace harka::kv {

namespace {

/// A reply as long as a value may be. SET has it with GET among its options.
bool may_reply_with_a_value(const CommandView& command, const CommandInfo& info) {
  switch (command.id) {
    case CommandId::getset:
    case CommandId::getdel:
    case CommandId::getex: return true;
    case CommandId::set: return command.size() > 2;
    default: return !info.has(command_flag::write);
  }
}

/// Removals make room instead.
bool may_store(CommandId id, const CommandInfo& info) {
  const bool is_removal = id == CommandId::del || id == CommandId::unlink ||
                          id == CommandId::getdel || id == CommandId::purge_expired;
  return info.has(command_flag::write) && !is_removal;
}

void dispatch(Execution& run) {
  switch (run.command.id) {
    case CommandId::get: return execute_get(run);
    case CommandId::set: return execute_set(run);
    case CommandId::setnx: return execute_setnx(run);
    case CommandId::setex:
    case CommandId::psetex: return execute_setex(run);
    case CommandId::getset: return execute_getset(run);
    case CommandId::getdel: return execute_getdel(run);
    case CommandId::getex: return execute_getex(run);
    case CommandId::mget: return execute_mget(run);
    case CommandId::mset: return execute_mset(run);
    case CommandId::msetnx: return execute_msetnx(run);
    case CommandId::del:
    case CommandId::unlink: return execute_del(run);
    case CommandId::exists:
    case CommandId::touch: return execute_exists(run);
    case CommandId::incr:
    case CommandId::decr:
    case CommandId::incrby:
    case CommandId::decrby: return execute_increment(run);
    case CommandId::incrbyfloat: return execute_incrbyfloat(run);
    case CommandId::append: return execute_append(run);
    case CommandId::strlen: return execute_strlen(run);
    case CommandId::getrange:
    case CommandId::substr: return execute_getrange(run);
    case CommandId::setrange: return execute_setrange(run);
    case CommandId::expire:
    case CommandId::pexpire:
    case CommandId::expireat:
    case CommandId::pexpireat: return execute_expire(run);
    case CommandId::expiretime:
    case CommandId::pexpiretime:
    case CommandId::ttl:
    case CommandId::pttl: return execute_ttl(run);
    case CommandId::persist: return execute_persist(run);
    case CommandId::type: return execute_type(run);
    case CommandId::purge_expired: return execute_purge(run);
    case CommandId::none:
    case CommandId::scan:
    case CommandId::keys:
    case CommandId::dbsize:
    case CommandId::flushall:
    case CommandId::flushdb:
    case CommandId::randomkey:
    case CommandId::ping:
    case CommandId::echo:
    case CommandId::hello:
    case CommandId::auth:
    case CommandId::select:
    case CommandId::client:
    case CommandId::command:
    case CommandId::config:
    case CommandId::info:
    case CommandId::quit:
    case CommandId::reset:
    case CommandId::readonly:
    case CommandId::readwrite:
    case CommandId::asking:
    case CommandId::wait:
    case CommandId::time:
    case CommandId::lastsave:
    case CommandId::cluster:
    case CommandId::harka:
    case CommandId::id_end: break;
  }
  run.reply.error("ERR a shard does not execute this command");  // check_batch refuses these
}

}  // namespace

void execute(const CommandView& command, KeyValueView& keys, WallTime now, ReplyWriter& replies) {
  const bool is_full = replies.bytes().size() > batch_reply_bytes_max;
  const bool is_large = replies.growth_bytes() > batch_growth_bytes_max;
  Execution run{command, keys, now, replies.begin(command.is_resp3())};
  const CommandInfo* info = find_command(command.id);
  if (info == nullptr || !info->accepts(command.size() + 1)) {
    run.reply.error("ERR a shard received a malformed command");
  } else if (is_full && may_reply_with_a_value(command, *info)) {
    run.reply.error(text::batch_too_long);
  } else if (is_large && may_store(command.id, *info)) {
    run.reply.error(text::batch_too_large);
  } else {
    dispatch(run);
    replies.note_growth(run.growth_bytes);
  }
  replies.end();
}

}  // namespace harka::kv
