// SPDX-License-Identifier: Apache-2.0
#include "apps/config_check.hpp"

#include "apps/values.hpp"
#include "runtime/net/pem.hpp"
#include "runtime/net/tls_files.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>

namespace harka::apps {

namespace {

bool has_link_tls(const Config& config) {
  return !config.tls_ca.empty() && !config.tls_cert.empty() && !config.tls_key.empty();
}

bool has_client_tls(const Config& config) {
  return !config.client_tls_cert.empty() && !config.client_tls_key.empty();
}

void check_words(const Config& config, Mistakes& mistakes) {
  const bool has_good_letters = std::all_of(config.name.begin(), config.name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.';
  });
  if (config.name.empty() || config.name.size() > 64 || !has_good_letters) {
    mistakes.emplace_back("name must be 1 to 64 letters, digits, dots or dashes");
  }
  if (config.region.empty()) mistakes.emplace_back("region must not be empty");
  if (config.data.empty()) mistakes.emplace_back("data must name a directory");
  const std::vector<std::string> levels{"trace", "debug", "info", "warning", "error"};
  if (std::find(levels.begin(), levels.end(), config.log_level) == levels.end()) {
    const std::string near = nearest(config.log_level, levels);
    mistakes.push_back(
        "log_level must be trace, debug, info, warning or error, not '" + config.log_level + "'" +
        (near.empty() ? "" : "; did you mean '" + near + "'?"));
  }
}

void check_address(std::string_view what, const std::string& address, Mistakes& mistakes) {
  const Result<HostPort> parsed = parse_address(address);
  if (!parsed.ok()) mistakes.push_back(std::string(what) + ": " + parsed.error().detail);
}

void check_exposure(
    std::string_view what,
    const std::string& address,
    std::string_view remedy,
    Mistakes& mistakes) {
  const Result<HostPort> parsed = parse_address(address);
  if (!parsed.ok() || is_loopback(parsed.value().host)) return;
  mistakes.push_back(
      std::string(what) + " " + address + " is not on loopback: " + std::string(remedy));
}

/// What others are told must be an address that they can connect to.
void check_reachable(
    std::string_view what,
    const std::string& listening,
    const std::string& advertised,
    Mistakes& mistakes) {
  const std::string& told = advertised.empty() ? listening : advertised;
  const Result<HostPort> parsed = parse_address(told);
  if (!parsed.ok() || !is_wildcard(parsed.value().host)) return;
  mistakes.push_back(
      told + " is every address of a machine and leads nowhere: set advertise_" +
      std::string(what) + " to the one that others connect to");
}

void check_addresses(const Config& config, Mistakes& mistakes) {
  check_address("link_address", config.link_address, mistakes);
  check_address("client_address", config.client_address, mistakes);
  if (!config.advertise_link.empty()) {
    check_address("advertise_link", config.advertise_link, mistakes);
  }
  if (!config.advertise_client.empty()) {
    check_address("advertise_client", config.advertise_client, mistakes);
  }
  if (config.link_address == config.client_address) {
    mistakes.push_back(
        "link_address and client_address are both " + config.link_address +
        ": give them two ports");
  }
  if (!config.seeds.empty()) {
    check_reachable("link", config.link_address, config.advertise_link, mistakes);
  }
  check_reachable("client", config.client_address, config.advertise_client, mistakes);
  if (!has_link_tls(config)) {
    check_exposure(
        "link_address", config.link_address, "set tls_ca, tls_cert and tls_key", mistakes);
  }
  const bool has_password = !config.password.empty() || !config.password_file.empty();
  if (!has_client_tls(config) || !has_password) {
    check_exposure(
        "client_address",
        config.client_address,
        "set client_tls_cert, client_tls_key and a password",
        mistakes);
  }
}

/// All that are missing are named at once.
bool are_readable(const std::vector<std::string>& paths, Mistakes& mistakes) {
  const std::size_t before = mistakes.size();
  for (const std::string& path : paths) {
    if (const auto pem = net::read_pem(path); !pem.ok()) mistakes.push_back(pem.error().detail);
  }
  return mistakes.size() == before;
}

void check_link_tls(const Config& config, Mistakes& mistakes) {
  const bool has_some =
      !config.tls_ca.empty() || !config.tls_cert.empty() || !config.tls_key.empty();
  if (has_some && !has_link_tls(config)) {
    mistakes.emplace_back("tls_ca, tls_cert and tls_key go together: give all three");
  } else if (has_some) {
    const net::TlsFiles files{config.tls_ca, config.tls_cert, config.tls_key};
    if (!are_readable({files.ca, files.certificate, files.key}, mistakes)) return;
    Result<void> usable = net::check_tls_files(files);
    if (usable.ok()) usable = net::check_peers_accept(files, config.name);
    if (!usable.ok()) mistakes.push_back(usable.error().detail);
  } else if (!config.seeds.empty() && !config.insecure_links) {
    mistakes.push_back(
        "links need mutual TLS: `harka cert make DIR --name " + config.name +
        "` makes a development authority and certificate; insecure_links = true turns it off "
        "on loopback");
  }
}

void check_client_tls(const Config& config, Mistakes& mistakes) {
  if (config.client_tls_cert.empty() != config.client_tls_key.empty()) {
    mistakes.emplace_back("client_tls_cert and client_tls_key go together");
  } else if (has_client_tls(config)) {
    if (!are_readable({config.client_tls_cert, config.client_tls_key}, mistakes)) return;
    const Result<void> usable = net::check_key_pair(config.client_tls_cert, config.client_tls_key);
    if (!usable.ok()) mistakes.push_back(usable.error().detail);
  }
}

void check_password_file(const std::string& path, Mistakes& mistakes) {
  if (path.empty()) return;
  const Result<std::string> password = read_first_line(path);
  if (!password.ok()) mistakes.push_back("password_file " + password.error().detail);
}

void check_unsafe(const std::string& defect, Mistakes& mistakes) {
  if (defect.empty()) return;
  if (defect != unsafe_defect) {
    mistakes.push_back("unsafe knows only '" + std::string(unsafe_defect) + "': leave it out");
  }
  const char* consent = std::getenv(unsafe_consent);
  if (consent == nullptr || std::string_view(consent) != "yes") {
    mistakes.push_back(
        "unsafe = '" + defect + "' loses acknowledged writes: leave it out (tests that have to " +
        "catch that set " + unsafe_consent + "=yes in the environment)");
  }
}

}  // namespace

Mistakes check_config(const Config& config) {
  Mistakes mistakes;
  check_words(config, mistakes);
  check_addresses(config, mistakes);
  check_link_tls(config, mistakes);
  check_client_tls(config, mistakes);
  check_password_file(config.password_file, mistakes);
  check_unsafe(config.unsafe, mistakes);
  return mistakes;
}

std::optional<std::string> check_log_file(const std::string& path) {
  if (path.empty()) return std::nullopt;
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  std::error_code failure;
  if (!std::filesystem::is_directory(folder, failure)) {
    return "log_file " + path + ": there is no directory " + folder.string();
  }
  if (std::filesystem::is_directory(path, failure)) return "log_file " + path + " is a directory";
  return std::nullopt;
}

}  // namespace harka::apps
