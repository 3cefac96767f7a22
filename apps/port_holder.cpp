// SPDX-License-Identifier: Apache-2.0
// The listening socket's inode from /proc/net/tcp, then the process that has it open.
#include "apps/port_holder.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace harka::apps {

namespace {

constexpr std::string_view state_listening = "0A";

/// "socket:[INODE]" of every socket that listens on `port`.
void add_sockets(const std::string& table, std::uint16_t port, std::set<std::string>& sockets) {
  std::ifstream file(table);
  std::string line;
  std::getline(file, line);  // the heading
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string number;
    std::string local;
    std::string remote;
    std::string state;
    std::string skipped;
    std::string inode;
    fields >> number >> local >> remote >> state;
    for (int i = 0; i < 5; ++i) fields >> skipped;
    fields >> inode;
    const std::string hex = local.substr(std::min(local.rfind(':') + 1, local.size()));
    std::uint32_t found = 0;
    std::from_chars(hex.data(), hex.data() + hex.size(), found, 16);
    if (state == state_listening && found == port) sockets.insert("socket:[" + inode + "]");
  }
}

bool has_open(const std::filesystem::path& process, const std::set<std::string>& sockets) {
  std::error_code failure;
  std::filesystem::directory_iterator files(process / "fd", failure);
  for (; !failure && files != std::filesystem::directory_iterator(); files.increment(failure)) {
    std::error_code unreadable;
    const auto target = std::filesystem::read_symlink(files->path(), unreadable);
    if (!unreadable && sockets.contains(target.string())) return true;
  }
  return false;
}

}  // namespace

std::string holder_of_port(std::uint16_t port) {
  std::set<std::string> sockets;
  add_sockets("/proc/net/tcp", port, sockets);
  add_sockets("/proc/net/tcp6", port, sockets);
  if (sockets.empty()) return {};
  std::error_code failure;
  std::filesystem::directory_iterator all("/proc", failure);
  for (; !failure && all != std::filesystem::directory_iterator(); all.increment(failure)) {
    const std::string id = all->path().filename().string();
    if (id.find_first_not_of("0123456789") != std::string::npos) continue;
    if (!has_open(all->path(), sockets)) continue;
    std::string name;
    std::getline(std::ifstream(all->path() / "comm"), name);
    return "process " + id + (name.empty() ? "" : " (" + name + ")");
  }
  return {};
}

}  // namespace harka::apps
