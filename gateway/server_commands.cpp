// SPDX-License-Identifier: Apache-2.0
// What a server says of itself: COMMAND from the command table, CONFIG, INFO.
#include "gateway/cluster_info.hpp"
#include "gateway/glob.hpp"
#include "gateway/local_commands.hpp"
#include "gateway/service.hpp"
#include "gateway/words.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace harka::gateway {

namespace {

using kv::CommandInfo;
namespace flag = kv::command_flag;

using Names = std::vector<std::string>;

Names flag_names(const CommandInfo& info) {
  static constexpr std::pair<std::uint32_t, std::string_view> known[] = {
      {flag::write, "write"},
      {flag::readonly, "readonly"},
      {flag::denyoom, "denyoom"},
      {flag::admin, "admin"},
      {flag::noscript, "noscript"},
      {flag::loading, "loading"},
      {flag::stale, "stale"},
      {flag::fast, "fast"},
      {flag::no_auth, "no_auth"}};
  Names names;
  for (const auto& [bit, name] : known) {
    if (info.has(bit)) names.emplace_back(name);
  }
  return names;
}

Names category_names(const CommandInfo& info) {
  Names names;
  if (info.group == kv::CommandGroup::string) names.emplace_back("@string");
  if (info.group == kv::CommandGroup::generic) names.emplace_back("@keyspace");
  if (info.group == kv::CommandGroup::connection) names.emplace_back("@connection");
  if (info.has(flag::readonly)) names.emplace_back("@read");
  if (info.has(flag::write)) names.emplace_back("@write");
  if (info.has(flag::admin)) names.insert(names.end(), {"@admin", "@dangerous"});
  names.emplace_back(info.has(flag::fast) ? "@fast" : "@slow");
  return names;
}

void write_names(const Names& names, kv::RespWriter& out) {
  out.set(names.size());
  for (const std::string& name : names) out.simple(name);
}

void write_info(const CommandInfo& info, kv::RespWriter& out) {
  out.array(10);
  out.bulk(info.name);
  out.integer(info.arity);
  write_names(flag_names(info), out);
  out.integer(info.first_key);
  out.integer(info.last_key);
  out.integer(info.key_step);
  write_names(category_names(info), out);
  out.array(0);  // tips
  out.array(0);  // key specifications: the three numbers above say it all here
  out.array(0);  // subcommands
}

void write_docs(const CommandInfo& info, kv::RespWriter& out) {
  out.bulk(info.name);
  out.map(3);
  out.bulk("summary");
  out.bulk(info.summary);
  out.bulk("since");
  out.bulk(info.since);
  out.bulk("group");
  out.bulk(kv::name_of(info.group));
}

std::vector<const CommandInfo*> public_commands() {
  std::vector<const CommandInfo*> commands;
  for (const CommandInfo& info : kv::command_table()) {
    if (!info.has(flag::internal)) commands.push_back(&info);
  }
  return commands;
}

void answer_all_infos(const LocalCall& call) {
  const auto commands = public_commands();
  call.reply.array(commands.size());
  for (const CommandInfo* info : commands) write_info(*info, call.reply);
}

void answer_infos(const LocalCall& call) {
  if (call.words.size() == 2) return answer_all_infos(call);
  call.reply.array(call.words.size() - 2);
  for (const std::string_view word : call.words.subspan(2)) {
    const CommandInfo* info = kv::find_command(word);
    if (info != nullptr) {
      write_info(*info, call.reply);
    } else {
      call.reply.raw(call.reply.is_resp3() ? "_\r\n" : "*-1\r\n");
    }
  }
}

void answer_docs(const LocalCall& call) {
  std::vector<const CommandInfo*> commands;
  for (const std::string_view word : call.words.subspan(2)) {
    if (const CommandInfo* info = kv::find_command(word)) commands.push_back(info);
  }
  if (call.words.size() == 2) commands = public_commands();
  call.reply.map(commands.size());
  for (const CommandInfo* info : commands) write_docs(*info, call.reply);
}

void answer_getkeys(const LocalCall& call) {
  const auto given = call.words.subspan(2);
  const CommandInfo* info = kv::find_command(given[0]);
  if (info == nullptr) return call.reply.error("ERR Invalid command specified");
  if (info->first_key == 0) return call.reply.error("ERR The command has no key arguments");
  if (!info->accepts(given.size())) {
    return call.reply.error("ERR Invalid number of arguments specified for command");
  }
  const auto count = static_cast<int>(given.size());
  const int last = info->last_key >= 0 ? info->last_key : count + info->last_key;
  Names keys;
  for (int i = info->first_key; i <= last; i += info->key_step) {
    keys.emplace_back(given[static_cast<std::size_t>(i)]);
  }
  call.reply.array(keys.size());
  for (const std::string& key : keys) call.reply.bulk(key);
}

std::vector<std::pair<std::string, std::string>> settings(const LocalCall& call) {
  const Options& options = call.service.options();
  return {
      {"appendfsync", "always"},
      {"appendonly", "yes"},
      {"cluster-enabled", "yes"},
      {"databases", "1"},
      {"maxclients", std::to_string(options.clients_max)},
      {"maxmemory", "0"},
      {"maxmemory-policy", "noeviction"},
      {"port", std::to_string(options.port)},
      {"proto-max-bulk-len", std::to_string(limits::value_bytes_max)},
      {"save", ""},
      {"timeout", std::to_string(options.idle_timeout / 1s)},
  };
}

void answer_config_get(const LocalCall& call) {
  std::vector<std::pair<std::string, std::string>> found;
  for (auto& setting : settings(call)) {
    for (const std::string_view pattern : call.words.subspan(2)) {
      if (!glob_matches(pattern, setting.first)) continue;
      found.push_back(std::move(setting));
      break;
    }
  }
  call.reply.map(found.size());
  for (const auto& [name, value] : found) {
    call.reply.bulk(name);
    call.reply.bulk(value);
  }
}

std::string server_section(const LocalCall& call) {
  const Options& options = call.service.options();
  const std::int64_t uptime = (call.service.now() - call.service.started()) / 1s;
  return "# Server\r\nredis_version:7.0.15\r\nredis_mode:cluster\r\nharka_version:" +
         options.version + "\r\nharka_node:" + options.node_name +
         "\r\nharka_region:" + options.region +
         "\r\nos:Linux\r\narch_bits:64\r\nrun_id:" + redis_node_id(options.node) +
         "\r\ntcp_port:" + std::to_string(options.port) +
         "\r\nuptime_in_seconds:" + std::to_string(uptime) +
         "\r\nuptime_in_days:" + std::to_string(uptime / 86400) + "\r\n";
}

std::string clients_section(const LocalCall& call) {
  return "# Clients\r\nconnected_clients:" + std::to_string(call.service.session_count()) +
         "\r\nmaxclients:" + std::to_string(call.service.options().clients_max) +
         "\r\nblocked_clients:0\r\n";
}

std::string stats_section(const LocalCall& call) {
  const Counters& counters = call.service.counters();
  return "# Stats\r\ntotal_connections_received:" + std::to_string(counters.connections) +
         "\r\ntotal_commands_processed:" + std::to_string(counters.commands) +
         "\r\ntotal_net_input_bytes:" + std::to_string(counters.bytes_in) +
         "\r\ntotal_net_output_bytes:" + std::to_string(counters.bytes_out) +
         "\r\nrejected_connections:" + std::to_string(counters.connections_refused) + "\r\n";
}

}  // namespace

void answer_command(const LocalCall& call) {
  if (call.words.size() == 1) return answer_all_infos(call);
  bool done = false;
  if (is_subcommand(call, "count", 2, done)) {
    call.reply.integer(static_cast<std::int64_t>(public_commands().size()));
  } else if (is_subcommand(call, "info", -2, done)) {
    answer_infos(call);
  } else if (is_subcommand(call, "docs", -2, done)) {
    answer_docs(call);
  } else if (is_subcommand(call, "list", -2, done)) {
    const auto commands = public_commands();
    call.reply.set(commands.size());
    for (const CommandInfo* info : commands) call.reply.bulk(info->name);
  } else if (is_subcommand(call, "getkeys", -3, done)) {
    answer_getkeys(call);
  } else if (!done) {
    refuse_subcommand(call);
  }
}

void answer_config(const LocalCall& call) {
  bool done = false;
  if (is_subcommand(call, "get", -3, done)) {
    answer_config_get(call);
  } else if (is_subcommand(call, "set", -4, done)) {
    call.reply.error(
        "ERR CONFIG SET failed (possibly related to argument '" + std::string(call.words[2]) +
        "') - can't set immutable config");
  } else if (is_subcommand(call, "resetstat", 2, done)) {
    call.service.counters() = {};
    call.reply.ok();
  } else if (is_subcommand(call, "rewrite", 2, done)) {
    call.reply.error("ERR The server is running without a config file");
  } else if (!done) {
    refuse_subcommand(call);
  }
}

void answer_info(const LocalCall& call) {
  const std::pair<std::string_view, std::string> sections[] = {
      {"server", server_section(call)},
      {"clients", clients_section(call)},
      {"stats", stats_section(call)},
      {"replication", "# Replication\r\nrole:master\r\nconnected_slaves:0\r\n"},
      {"cluster",
       "# Cluster\r\ncluster_enabled:1\r\nreadonly_staleness_max_ms:" +
           std::to_string(call.service.options().staleness_max / 1ms) + "\r\n"},
      {"keyspace", "# Keyspace\r\n"},
  };
  std::string text;
  for (const auto& [name, body] : sections) {
    bool is_wanted = call.words.size() == 1;
    for (const std::string_view word : call.words.subspan(1)) {
      is_wanted = is_wanted || is_word(word, name) || is_word(word, "all") ||
                  is_word(word, "default") || is_word(word, "everything");
    }
    if (!is_wanted) continue;
    if (!text.empty()) text += "\r\n";
    text += body;
  }
  call.reply.verbatim(text);
}

}  // namespace harka::gateway
