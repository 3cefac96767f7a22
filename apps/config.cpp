// SPDX-License-Identifier: Apache-2.0
// The table of settings.
#include "apps/config.hpp"

#include "apps/values.hpp"

namespace harka::apps {

namespace {

Error invalid(std::string text) {
  return Error{Code::invalid_argument, std::move(text)};
}

Setting text_setting(std::string_view name, std::string Config::*field, std::string_view help) {
  return Setting{
      name,
      "string",
      help,
      [field](Config& config, std::string_view text) -> Result<void> {
        config.*field = std::string(text);
        return {};
      },
      [field](const Config& config) { return config.*field; }};
}

Setting flag_setting(std::string_view name, bool Config::*field, std::string_view help) {
  return Setting{
      name,
      "boolean",
      help,
      [field](Config& config, std::string_view text) -> Result<void> {
        if (text != "true" && text != "false")
          return invalid("must be true or false, not '" + std::string(text) + "'");
        config.*field = text == "true";
        return {};
      },
      [field](const Config& config) { return std::string(config.*field ? "true" : "false"); }};
}

template <typename Integer>
struct Range {
  Integer low;
  Integer high;
};

template <typename Integer>
Setting number_setting(
    std::string_view name,
    Integer Config::*field,
    Range<Integer> range,
    bool is_bytes,
    std::string_view help) {
  return Setting{
      name,
      is_bytes ? "bytes" : "integer",
      help,
      [field, range, is_bytes](Config& config, std::string_view text) -> Result<void> {
        Result<std::uint64_t> number = is_bytes ? parse_bytes(text) : parse_number(text);
        if (!number.ok()) return number.error();
        if (number.value() < range.low || number.value() > range.high) {
          return invalid(
              "must be " + std::to_string(range.low) + " to " + std::to_string(range.high) +
              ", not " + std::to_string(number.value()));
        }
        config.*field = static_cast<Integer>(number.value());
        return {};
      },
      [field](const Config& config) { return std::to_string(config.*field); }};
}

Setting seeds_setting() {
  return Setting{
      "seeds",
      "list",
      "host:port,… of the links of some members; any of them may be down",
      [](Config& config, std::string_view text) -> Result<void> {
        config.seeds = split(text, ',');
        for (const std::string& seed : config.seeds) {
          if (Result<HostPort> parsed = parse_address(seed); !parsed.ok()) return parsed.error();
        }
        return {};
      },
      [](const Config& config) { return join(config.seeds, ","); }};
}

Setting region_delay_setting() {
  return Setting{
      "region_delay",
      "map",
      "region=one-way delay,…: added to what this node sends there (demos and drills)",
      [](Config& config, std::string_view text) -> Result<void> {
        config.region_delay.clear();
        for (const std::string& part : split(text, ',')) {
          const std::size_t equals = part.find('=');
          if (equals == std::string::npos) return invalid("must be region=duration,…");
          Result<Duration> delay = parse_duration(std::string_view(part).substr(equals + 1));
          if (!delay.ok()) return delay.error();
          config.region_delay[part.substr(0, equals)] = delay.value();
        }
        return {};
      },
      [](const Config& config) {
        std::vector<std::string> parts;
        for (const auto& [region, delay] : config.region_delay) {
          parts.push_back(region + "=" + print_duration(delay));
        }
        return join(parts, ",");
      }};
}

Setting duration_setting(std::string_view name, Duration Config::*field, std::string_view help) {
  return Setting{
      name,
      "duration",
      help,
      [field](Config& config, std::string_view text) -> Result<void> {
        Result<Duration> duration = parse_duration(text);
        if (!duration.ok()) return duration.error();
        config.*field = duration.value();
        return {};
      },
      [field](const Config& config) { return print_duration(config.*field); }};
}

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> table = {
      text_setting("name", &Config::name, "this node's name, unique in the cluster"),
      text_setting("region", &Config::region, "where it stands, for example us-east-1"),
      text_setting("data", &Config::data, "the data directory; made if missing"),
      seeds_setting(),
      text_setting("link_address", &Config::link_address, "host:port for other nodes"),
      text_setting("client_address", &Config::client_address, "host:port for Redis clients"),
      text_setting(
          "advertise_link", &Config::advertise_link, "what other nodes dial, if different"),
      text_setting(
          "advertise_client", &Config::advertise_client, "what clients are told, if different"),
      number_setting<std::uint32_t>(
          "shards",
          &Config::shards,
          {1, limits::shard_count_max},
          false,
          "shards of a cluster made by this node; fixed afterwards"),
      number_setting<std::uint32_t>(
          "replicas", &Config::replicas, {1, 7}, false, "replicas a shard, for a new cluster"),
      text_setting("tls_ca", &Config::tls_ca, "links: certificate of the cluster's authority"),
      text_setting("tls_cert", &Config::tls_cert, "links: this node's certificate"),
      text_setting("tls_key", &Config::tls_key, "links: this node's private key"),
      flag_setting(
          "insecure_links",
          &Config::insecure_links,
          "links in plain text: only for loopback trials"),
      text_setting("client_tls_cert", &Config::client_tls_cert, "clients: server certificate"),
      text_setting("client_tls_key", &Config::client_tls_key, "clients: server private key"),
      text_setting("password", &Config::password, "clients must AUTH with it"),
      text_setting("password_file", &Config::password_file, "the same, from a file's first line"),
      number_setting<std::uint32_t>(
          "threads", &Config::threads, {1, 256}, false, "actor worker threads"),
      number_setting<std::uint32_t>(
          "gateway_threads", &Config::gateway_threads, {1, 64}, false, "loops that serve clients"),
      number_setting<std::uint64_t>(
          "log_segment_bytes",
          &Config::log_segment_bytes,
          {1ULL << 20, 1ULL << 30},
          true,
          "size of one preallocated log segment"),
      number_setting<std::uint64_t>(
          "cache_bytes",
          &Config::cache_bytes,
          {1ULL << 20, 1ULL << 40},
          true,
          "bound of the application cache"),
      duration_setting(
          "staleness_max",
          &Config::staleness_max,
          "reads after READONLY show all that was committed so long before"),
      number_setting<std::uint64_t>(
          "clients_max", &Config::clients_max, {1, 1'000'000}, false, "client connections"),
      text_setting("log_level", &Config::log_level, "trace, debug, info, warning or error"),
      text_setting("log_file", &Config::log_file, "append logs here instead of stderr"),
      region_delay_setting(),
      flag_setting(
          "trust_clocks",
          &Config::trust_clocks,
          "leader leases; with false each read asks a quorum"),
      duration_setting(
          "drain_timeout",
          &Config::drain_timeout,
          "how long SIGTERM may take to move leaders away"),
      text_setting(
          "unsafe",
          &Config::unsafe,
          "never set it: a defect on purpose that tests have to catch (ack-before-fsync)"),
  };
  return table;
}

std::string print_config(const Config& config) {
  std::string text;
  for (const Setting& setting : settings()) {
    const bool is_bare =
        setting.type == "integer" || setting.type == "bytes" || setting.type == "boolean";
    std::string value = setting.get(config);
    if (setting.name == "password" && !value.empty()) value = "(set)";
    text += "# " + std::string(setting.help) + "\n" + std::string(setting.name) + " = " +
            (is_bare ? value : "\"" + value + "\"") + "\n";
  }
  return text;
}

}  // namespace harka::apps
