// SPDX-License-Identifier: Apache-2.0
// The table of settings, the TOML file and the checks.
#include "apps/config.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace harka::apps {

namespace {

Error invalid(std::string text) {
  return Error{Code::invalid_argument, std::move(text)};
}

Result<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size() || text.empty()) {
    return invalid("'" + std::string(text) + "' is not a whole number");
  }
  return number;
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  std::uint64_t factor = 1;
  for (const auto& [suffix, value] :
       {std::pair<std::string_view, std::uint64_t>{"KiB", 1ULL << 10},
        {"MiB", 1ULL << 20},
        {"GiB", 1ULL << 30}}) {
    if (text.ends_with(suffix)) {
      factor = value;
      text.remove_suffix(suffix.size());
    }
  }
  Result<std::uint64_t> number = parse_number(text);
  if (!number.ok()) return invalid("'" + std::string(text) + "' is not a size such as 64MiB");
  return number.value() * factor;
}

Result<Duration> parse_duration(std::string_view text) {
  const bool is_millis = text.ends_with("ms");
  if (!is_millis && !text.ends_with("s")) {
    return invalid("'" + std::string(text) + "' is not a duration such as 250ms or 3s");
  }
  text.remove_suffix(is_millis ? 2 : 1);
  Result<std::uint64_t> number = parse_number(text);
  if (!number.ok() || number.value() > 86'400'000) {
    return invalid("'" + std::string(text) + "' is not a duration such as 250ms or 3s");
  }
  const auto count = static_cast<std::int64_t>(number.value());
  return is_millis ? Duration(std::chrono::milliseconds(count))
                   : Duration(std::chrono::seconds(count));
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
  return text;
}

std::string print_duration(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) +
         "ms";
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
        if (text != "true" && text != "false") return invalid("must be true or false");
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
              "must be " + std::to_string(range.low) + " to " + std::to_string(range.high));
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
      [](const Config& config) { return join(config.seeds); }};
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
        return join(parts);
      }};
}

Setting drain_timeout_setting() {
  return Setting{
      "drain_timeout",
      "duration",
      "how long SIGTERM may take to move leaders away",
      [](Config& config, std::string_view text) -> Result<void> {
        Result<Duration> duration = parse_duration(text);
        if (!duration.ok()) return duration.error();
        config.drain_timeout = duration.value();
        return {};
      },
      [](const Config& config) { return print_duration(config.drain_timeout); }};
}

std::vector<std::string> setting_names() {
  std::vector<std::string> names;
  for (const Setting& setting : settings()) names.emplace_back(setting.name);
  return names;
}

/// A TOML value in the text form that a flag would have.
Result<std::string> text_of(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto flag = node.value_exact<bool>()) return std::string(*flag ? "true" : "false");
  if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
  std::vector<std::string> parts;
  if (const toml::array* array = node.as_array()) {
    for (const toml::node& item : *array) {
      const auto text = item.value_exact<std::string>();
      if (!text) return invalid("must be a list of strings");
      parts.push_back(*text);
    }
    return join(parts);
  }
  if (const toml::table* table = node.as_table()) {
    for (const auto& [key, item] : *table) {
      const auto text = item.value_exact<std::string>();
      if (!text) return invalid("must map names to strings");
      parts.push_back(std::string(key.str()) + "=" + *text);
    }
    return join(parts);
  }
  return invalid("has a type that no setting takes");
}

Result<void> check_listener(
    std::string_view what, const std::string& address, bool is_protected, std::string_view remedy) {
  Result<HostPort> parsed = parse_address(address);
  if (!parsed.ok()) return invalid(std::string(what) + ": " + parsed.error().detail);
  if (is_loopback(parsed.value().host) || is_protected) return {};
  return invalid(std::string(what) + " " + address + " is not on loopback: " + std::string(remedy));
}

Result<void> check_files(const Config& config) {
  for (const std::string* path :
       {&config.tls_ca,
        &config.tls_cert,
        &config.tls_key,
        &config.client_tls_cert,
        &config.client_tls_key,
        &config.password_file}) {
    if (!path->empty() && !std::filesystem::exists(*path)) {
      return invalid("no such file: " + *path);
    }
  }
  return {};
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
      number_setting<std::uint64_t>(
          "clients_max", &Config::clients_max, {1, 1'000'000}, false, "client connections"),
      text_setting("log_level", &Config::log_level, "trace, debug, info, warning or error"),
      text_setting("log_file", &Config::log_file, "append logs here instead of stderr"),
      region_delay_setting(),
      flag_setting(
          "trust_clocks",
          &Config::trust_clocks,
          "leader leases; with false each read asks a quorum"),
      drain_timeout_setting(),
  };
  return table;
}

Result<void> load_config(const std::string& path, Config& config) {
  toml::table table;
  try {
    table = toml::parse_file(path);
  } catch (const toml::parse_error& failure) {  // toml++ reports by exception; the border is here
    return invalid(
        path + ":" + std::to_string(failure.source().begin.line) + ": " +
        std::string(failure.description()));
  }
  for (const auto& [key, node] : table) {
    const std::string where = path + ":" + std::to_string(node.source().begin.line) + ": ";
    const auto setting = std::find_if(
        settings().begin(), settings().end(), [&, name = key.str()](const Setting& known) {
          return known.name == name;
        });
    if (setting == settings().end()) {
      const std::string near = nearest(key.str(), setting_names());
      return invalid(
          where + "unknown key '" + std::string(key.str()) + "'" +
          (near.empty() ? "; `harka config reference` lists the keys"
                        : "; did you mean '" + near + "'?"));
    }
    const Result<std::string> text = text_of(node);
    if (!text.ok()) return invalid(where + std::string(key.str()) + " " + text.error().detail);
    const Result<void> set = setting->set(config, text.value());
    if (!set.ok()) return invalid(where + std::string(key.str()) + ": " + set.error().detail);
  }
  return {};
}

Result<void> check_config(const Config& config) {
  if (config.name.empty() || config.name.size() > 64 ||
      !std::all_of(config.name.begin(), config.name.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.';
      })) {
    return invalid("name must be 1 to 64 letters, digits, dots or dashes");
  }
  if (config.region.empty()) return invalid("region must not be empty");
  const int tls_files = (config.tls_ca.empty() ? 0 : 1) + (config.tls_cert.empty() ? 0 : 1) +
                        (config.tls_key.empty() ? 0 : 1);
  if (tls_files != 0 && tls_files != 3) {
    return invalid("tls_ca, tls_cert and tls_key go together: give all three");
  }
  if (config.client_tls_cert.empty() != config.client_tls_key.empty()) {
    return invalid("client_tls_cert and client_tls_key go together");
  }
  if (!config.seeds.empty() && tls_files == 0 && !config.insecure_links) {
    return invalid(
        "links need mutual TLS: `harka cert make DIR --name " + config.name +
        "` makes a development authority and certificate; insecure_links = true turns it off "
        "on loopback");
  }
  if (Result<void> files = check_files(config); !files.ok()) return files;
  if (Result<void> links = check_listener(
          "link_address", config.link_address, tls_files == 3, "set tls_ca, tls_cert and tls_key");
      !links.ok()) {
    return links;
  }
  const bool has_password = !config.password.empty() || !config.password_file.empty();
  const std::vector<std::string> levels{"trace", "debug", "info", "warning", "error"};
  if (std::find(levels.begin(), levels.end(), config.log_level) == levels.end()) {
    return invalid("log_level must be trace, debug, info, warning or error");
  }
  return check_listener(
      "client_address",
      config.client_address,
      !config.client_tls_cert.empty() && has_password,
      "set client_tls_cert, client_tls_key and a password");
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

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  std::size_t best_distance = 3;  // further away is no typing mistake
  for (const std::string& candidate : known) {
    std::vector<std::size_t> row(candidate.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= word.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i;
      for (std::size_t j = 1; j < row.size(); ++j) {
        const std::size_t above = row[j];
        row[j] = std::min(
            {row[j] + 1, row[j - 1] + 1, diagonal + (word[i - 1] == candidate[j - 1] ? 0U : 1U)});
        diagonal = above;
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

Result<HostPort> parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return invalid("'" + std::string(text) + "' is not host:port");
  }
  Result<std::uint64_t> port = parse_number(text.substr(colon + 1));
  if (!port.ok() || port.value() == 0 || port.value() > 65535) {
    return invalid("'" + std::string(text) + "' has no port from 1 to 65535");
  }
  return HostPort{std::string(text.substr(0, colon)), static_cast<std::uint16_t>(port.value())};
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "[::1]" || host == "::1" || host.starts_with("127.");
}

}  // namespace harka::apps
