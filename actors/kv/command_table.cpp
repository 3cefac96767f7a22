// SPDX-License-Identifier: Apache-2.0
// Names are found by a hash table that the compiler fills; ids by an index.
#include "actors/kv/command_table.hpp"

#include "base/assert.hpp"

#include <array>

namespace harka::kv {

namespace {

using namespace command_flag;
using enum CommandId;

constexpr auto string = CommandGroup::string;
constexpr auto generic = CommandGroup::generic;
constexpr auto connection = CommandGroup::connection;
constexpr auto server = CommandGroup::server;
constexpr auto clustering = CommandGroup::cluster;

constexpr std::uint32_t read_fast = command_flag::readonly | fast;
constexpr std::uint32_t write_fast = write | fast;
constexpr std::uint32_t grow = write | denyoom;
constexpr std::uint32_t anytime = loading | stale;

// clang-format off
// id, name, arity, flags, first key, last key, step, group, since, summary
constexpr CommandInfo table[] = {
    {get, "get", 2, read_fast, 1, 1, 1, string, "1.0.0", "Get the value of a key"},
    {set, "set", -3, grow, 1, 1, 1, string, "1.0.0", "Set the string value of a key"},
    {setnx, "setnx", 3, grow | fast, 1, 1, 1, string, "1.0.0",
     "Set the value of a key, only if the key does not exist"},
    {setex, "setex", 4, grow, 1, 1, 1, string, "2.0.0",
     "Set the value and expiration of a key"},
    {psetex, "psetex", 4, grow, 1, 1, 1, string, "2.6.0",
     "Set the value and expiration in milliseconds of a key"},
    {getset, "getset", 3, grow | fast, 1, 1, 1, string, "1.0.0",
     "Set the string value of a key and return its old value"},
    {getdel, "getdel", 2, write_fast, 1, 1, 1, string, "6.2.0",
     "Get the value of a key and delete the key"},
    {getex, "getex", -2, write_fast, 1, 1, 1, string, "6.2.0",
     "Get the value of a key and optionally set its expiration"},
    {mget, "mget", -2, read_fast, 1, -1, 1, string, "1.0.0", "Get the values of all the given keys"},
    {mset, "mset", -3, grow, 1, -1, 2, string, "1.0.1", "Set multiple keys to multiple values"},
    {msetnx, "msetnx", -3, grow, 1, -1, 2, string, "1.0.1",
     "Set multiple keys to multiple values, only if none of the keys exist"},
    {del, "del", -2, write, 1, -1, 1, generic, "1.0.0", "Delete a key"},
    {unlink, "unlink", -2, write_fast, 1, -1, 1, generic, "4.0.0", "Delete a key"},
    {exists, "exists", -2, read_fast, 1, -1, 1, generic, "1.0.0", "Determine if a key exists"},
    {touch, "touch", -2, read_fast, 1, -1, 1, generic, "3.2.1",
     "Count the existing keys among those specified"},
    {incr, "incr", 2, grow | fast, 1, 1, 1, string, "1.0.0",
     "Increment the integer value of a key by one"},
    {decr, "decr", 2, grow | fast, 1, 1, 1, string, "1.0.0",
     "Decrement the integer value of a key by one"},
    {incrby, "incrby", 3, grow | fast, 1, 1, 1, string, "1.0.0",
     "Increment the integer value of a key by the given amount"},
    {decrby, "decrby", 3, grow | fast, 1, 1, 1, string, "1.0.0",
     "Decrement the integer value of a key by the given number"},
    {incrbyfloat, "incrbyfloat", 3, grow | fast, 1, 1, 1, string, "2.6.0",
     "Increment the float value of a key by the given amount"},
    {append, "append", 3, grow | fast, 1, 1, 1, string, "2.0.0", "Append a value to a key"},
    {CommandId::strlen, "strlen", 2, read_fast, 1, 1, 1, string, "2.2.0",
     "Get the length of the value stored in a key"},
    {getrange, "getrange", 4, command_flag::readonly, 1, 1, 1, string, "2.4.0",
     "Get a substring of the string stored at a key"},
    {substr, "substr", 4, command_flag::readonly, 1, 1, 1, string, "1.0.0",
     "Get a substring of the string stored at a key"},
    {setrange, "setrange", 4, grow, 1, 1, 1, string, "2.2.0",
     "Overwrite part of a string at key starting at the specified offset"},
    {expire, "expire", -3, write_fast, 1, 1, 1, generic, "1.0.0",
     "Set a key's time to live in seconds"},
    {pexpire, "pexpire", -3, write_fast, 1, 1, 1, generic, "2.6.0",
     "Set a key's time to live in milliseconds"},
    {expireat, "expireat", -3, write_fast, 1, 1, 1, generic, "1.2.0",
     "Set the expiration for a key as a UNIX timestamp"},
    {pexpireat, "pexpireat", -3, write_fast, 1, 1, 1, generic, "2.6.0",
     "Set the expiration for a key as a UNIX timestamp specified in milliseconds"},
    {expiretime, "expiretime", 2, read_fast, 1, 1, 1, generic, "7.0.0",
     "Get the expiration Unix timestamp for a key"},
    {pexpiretime, "pexpiretime", 2, read_fast, 1, 1, 1, generic, "7.0.0",
     "Get the expiration Unix timestamp for a key in milliseconds"},
    {ttl, "ttl", 2, read_fast, 1, 1, 1, generic, "1.0.0", "Get the time to live for a key in seconds"},
    {pttl, "pttl", 2, read_fast, 1, 1, 1, generic, "2.6.0",
     "Get the time to live for a key in milliseconds"},
    {persist, "persist", 2, write_fast, 1, 1, 1, generic, "2.2.0",
     "Remove the expiration from a key"},
    {type, "type", 2, read_fast, 1, 1, 1, generic, "1.0.0", "Determine the type stored at key"},
    {purge_expired, "harka.purge", -2, write | internal, 1, -1, 1, generic, "7.0.0",
     "Remove keys that are still expired"},

    {scan, "scan", -2, command_flag::readonly, 0, 0, 0, generic, "2.8.0",
     "Incrementally iterate the keys space"},
    {keys, "keys", 2, command_flag::readonly, 0, 0, 0, generic, "1.0.0",
     "Find all keys matching the given pattern"},
    {dbsize, "dbsize", 1, read_fast, 0, 0, 0, server, "1.0.0",
     "Return the number of keys in the selected database"},
    {flushall, "flushall", -1, write, 0, 0, 0, server, "1.0.0", "Remove all keys from all databases"},
    {flushdb, "flushdb", -1, write, 0, 0, 0, server, "1.0.0",
     "Remove all keys from the current database"},
    {randomkey, "randomkey", 1, command_flag::readonly, 0, 0, 0, generic, "1.0.0",
     "Return a random key from the keyspace"},

    {ping, "ping", -1, fast | anytime, 0, 0, 0, connection, "1.0.0", "Ping the server"},
    {echo, "echo", 2, fast | anytime, 0, 0, 0, connection, "1.0.0", "Echo the given string"},
    {hello, "hello", -1, fast | anytime | noscript | no_auth, 0, 0, 0, connection, "6.0.0",
     "Handshake with Redis"},
    {auth, "auth", -2, fast | anytime | noscript | no_auth, 0, 0, 0, connection, "1.0.0",
     "Authenticate to the server"},
    {CommandId::select, "select", 2, fast | anytime, 0, 0, 0, connection, "1.0.0",
     "Change the selected database for the current connection"},
    {client, "client", -2, anytime | noscript, 0, 0, 0, connection, "2.4.0",
     "A container for client connection commands"},
    {command, "command", -1, anytime, 0, 0, 0, server, "2.8.13",
     "Get array of Redis command details"},
    {config, "config", -2, admin | anytime | noscript, 0, 0, 0, server, "2.0.0",
     "A container for server configuration commands"},
    {info, "info", -1, anytime, 0, 0, 0, server, "1.0.0",
     "Get information and statistics about the server"},
    {quit, "quit", -1, fast | anytime | noscript | no_auth, 0, 0, 0, connection, "1.0.0",
     "Close the connection"},
    {reset, "reset", 1, fast | anytime | noscript | no_auth, 0, 0, 0, connection, "6.2.0",
     "Reset the connection"},
    {CommandId::readonly, "readonly", 1, fast | anytime, 0, 0, 0, clustering, "3.0.0",
     "Allow reads that may be slightly stale on this connection"},
    {readwrite, "readwrite", 1, fast | anytime, 0, 0, 0, clustering, "3.0.0",
     "Only allow linearizable reads on this connection"},
    {asking, "asking", 1, fast, 0, 0, 0, clustering, "3.0.0", "Sent by cluster clients after an -ASK redirect"},
    {CommandId::wait, "wait", 3, noscript, 0, 0, 0, generic, "3.0.0",
     "Wait for the replication of all the write commands sent by this connection"},
    {CommandId::time, "time", 1, fast | anytime, 0, 0, 0, server, "2.6.0",
     "Return the current server time"},
    {lastsave, "lastsave", 1, fast | anytime, 0, 0, 0, server, "1.0.0",
     "Get the UNIX time stamp of the last successful save to disk"},
    {CommandId::cluster, "cluster", -2, anytime, 0, 0, 0, clustering, "3.0.0",
     "A container for cluster commands"},
    {harka, "harka", -2, admin | anytime | noscript, 0, 0, 0, server, "7.0.0",
     "Questions of the harka command line"},
};
// clang-format on

constexpr std::size_t table_size = std::size(table);
constexpr std::size_t bucket_count = 256;  // a power of two, less than half full
static_assert(table_size * 2 < bucket_count);

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

constexpr std::size_t bucket_of(std::string_view name) {
  std::uint32_t hash = 2166136261U;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(lower(c))) * 16777619U;
  return (hash ^ (hash >> 15U)) % bucket_count;
}

constexpr std::array<std::uint8_t, bucket_count> make_buckets() {
  std::array<std::uint8_t, bucket_count> buckets{};  // table position + 1; 0: free
  for (std::size_t i = 0; i < table_size; ++i) {
    std::size_t bucket = bucket_of(table[i].name);
    while (buckets[bucket] != 0) bucket = (bucket + 1) % bucket_count;
    buckets[bucket] = static_cast<std::uint8_t>(i + 1);
  }
  return buckets;
}

constexpr auto id_end_value = static_cast<std::size_t>(id_end);

constexpr std::array<std::uint8_t, id_end_value> make_index() {
  std::array<std::uint8_t, id_end_value> index{};
  for (std::size_t i = 0; i < table_size; ++i) {
    index[static_cast<std::size_t>(table[i].id)] = static_cast<std::uint8_t>(i + 1);
  }
  return index;
}

constexpr std::array<std::uint8_t, bucket_count> buckets = make_buckets();
constexpr std::array<std::uint8_t, id_end_value> by_id = make_index();

constexpr bool equals_lowered(std::string_view any, std::string_view lowered) {
  if (any.size() != lowered.size()) return false;
  for (std::size_t i = 0; i < any.size(); ++i) {
    if (lower(any[i]) != lowered[i]) return false;
  }
  return true;
}

}  // namespace

std::span<const CommandInfo> command_table() {
  return table;
}

const CommandInfo* find_command(std::string_view name) {
  if (name.size() > 16) return nullptr;
  for (std::size_t bucket = bucket_of(name); buckets[bucket] != 0;
       bucket = (bucket + 1) % bucket_count) {
    const CommandInfo& info = table[buckets[bucket] - 1U];
    if (equals_lowered(name, info.name)) return info.has(internal) ? nullptr : &info;
  }
  return nullptr;
}

const CommandInfo* find_command(CommandId id) {
  const auto value = static_cast<std::size_t>(id);
  if (value >= id_end_value || by_id[value] == 0) return nullptr;
  return &table[by_id[value] - 1U];
}

std::string_view name_of(CommandGroup group) {
  switch (group) {
    case CommandGroup::string: return "string";
    case CommandGroup::generic: return "generic";
    case CommandGroup::connection: return "connection";
    case CommandGroup::server: return "server";
    case CommandGroup::cluster: return "cluster";
  }
  throw Bug("unknown command group");
}

}  // namespace harka::kv
