// SPDX-License-Identifier: Apache-2.0
// A node's configuration: one table of settings serves the command line, the TOML file, its check
// and its printed reference, so that every flag is also a key.
#pragma once

#include "base/limits.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace harka::apps {

struct Config {
  std::string name = "n1";
  std::string region = "local";
  std::string data = "harka-data";
  std::vector<std::string> seeds;  // host:port of links; empty: a cluster of one
  std::string link_address = "127.0.0.1:7400";
  std::string client_address = "127.0.0.1:7401";
  std::string advertise_link;    // what others dial; default: link_address
  std::string advertise_client;  // what clients are told; default: client_address
  std::uint32_t shards = limits::shard_count_default;
  std::uint32_t replicas = 3;
  std::string tls_ca;  // links: all three, or none with insecure_links
  std::string tls_cert;
  std::string tls_key;
  bool insecure_links = false;
  std::string client_tls_cert;
  std::string client_tls_key;
  std::string password;
  std::string password_file;
  std::uint32_t threads = 2;  // actor workers
  std::uint32_t gateway_threads = 1;
  std::uint64_t log_segment_bytes = 64ULL << 20;
  std::uint64_t cache_bytes = limits::cache_bytes_default;
  Duration staleness_max = limits::staleness_default;  // of reads after READONLY
  std::uint64_t clients_max = 10'000;
  std::string log_level = "info";
  std::string log_file;                          // empty: stderr
  std::map<std::string, Duration> region_delay;  // one way, added at the links: demos and drills
  bool trust_clocks = true;                      // leader leases; off: every read asks a quorum
  Duration drain_timeout = std::chrono::seconds(10);
  std::string unsafe;  // a defect on purpose, see unsafe_defect
};

/// The one that there is: what was acknowledged is synced later, so a power failure takes it.
constexpr std::string_view unsafe_defect = "ack-before-fsync";
/// An environment variable that has to be "yes" besides, so that no file alone makes a node unsafe.
constexpr const char* unsafe_consent = "HARKA_MAY_LOSE_DATA";

/// One setting: `name` is the TOML key; the flag is the same with dashes for underscores. An error
/// of `set` is the end of a sentence that begins with the name.
struct Setting {
  std::string_view name;
  std::string_view type;  // string, list, integer, bytes, boolean, duration, map
  std::string_view help;
  std::function<Result<void>(Config&, std::string_view text)> set;
  std::function<std::string(const Config&)> get;
};

[[nodiscard]] const std::vector<Setting>& settings();

/// The effective configuration as TOML, secrets replaced.
[[nodiscard]] std::string print_config(const Config& config);

/// What is wrong with a configuration: each mistake one line that says where it is and what to do.
using Mistakes = std::vector<std::string>;

}  // namespace harka::apps
