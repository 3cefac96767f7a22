// SPDX-License-Identifier: Apache-2.0
// See config_change.hpp: encoding and history; the protocol of a change is config_change.cpp.
#include "base/assert.hpp"
#include "cluster/raft/config_change.hpp"
#include "cluster/raft/quorum.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace harka::raft {

namespace {

constexpr std::size_t members_max = 1024;  // a bound for decoding; groups have 1 to 7

void put(std::string& out, std::uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) {
    out.push_back(static_cast<char>((value >> shift) & 0xff));
  }
}

void put_list(std::string& out, const std::vector<std::uint64_t>& ids) {
  put(out, ids.size());
  for (const std::uint64_t id : ids) {
    put(out, id);
  }
}

bool get(std::string_view& in, std::uint64_t& value) {
  if (in.size() < 8) {
    return false;
  }
  value = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(in[i])) << (8 * i);
  }
  in.remove_prefix(8);
  return true;
}

bool get_list(std::string_view& in, std::vector<std::uint64_t>& ids) {
  std::uint64_t count = 0;
  if (!get(in, count) || count > members_max) {
    return false;
  }
  ids.resize(static_cast<std::size_t>(count));
  return std::all_of(ids.begin(), ids.end(), [&](std::uint64_t& id) { return get(in, id); });
}

}  // namespace

SharedBytes encode_config(const msg::GroupConfig& config) {
  std::string out;
  put_list(out, config.voters);
  put_list(out, config.voters_outgoing);
  put_list(out, config.learners);
  return SharedBytes(std::move(out));
}

Result<msg::GroupConfig> decode_config(const SharedBytes& bytes) {
  msg::GroupConfig config;
  std::string_view in = bytes.view();
  const bool whole = get_list(in, config.voters) && get_list(in, config.voters_outgoing) &&
                     get_list(in, config.learners) && in.empty();
  if (!whole) {
    return Error{Code::corrupt, "a configuration entry does not decode"};
  }
  return config;
}

std::vector<NodeId> members_of(const msg::GroupConfig& config) {
  std::vector<NodeId> members;
  for (const auto* list : {&config.voters, &config.voters_outgoing, &config.learners}) {
    for (const std::uint64_t id : *list) {
      members.emplace_back(id);
    }
  }
  std::sort(members.begin(), members.end());
  members.erase(std::unique(members.begin(), members.end()), members.end());
  return members;
}

ConfigHistory::ConfigHistory(LogIndex index, msg::GroupConfig config)
    : items_{Item{index, std::move(config)}} {}

const msg::GroupConfig& ConfigHistory::at(LogIndex index) const {
  const auto later = std::find_if(
      items_.begin() + 1, items_.end(), [index](const Item& item) { return item.index > index; });
  return std::prev(later)->config;
}

bool ConfigHistory::may_stand(NodeId node, LogIndex commit) const {
  bool may = false;
  for (const Item& item : items_) {
    // What is before a committed configuration never comes back.
    may = is_voter(item.config, node) || (may && item.index > commit);
  }
  return may;
}

void ConfigHistory::append(LogIndex index, msg::GroupConfig config) {
  ASSERT(index > items_.back().index);
  items_.push_back({index, std::move(config)});
}

bool ConfigHistory::truncate_from(LogIndex index) {
  const std::size_t before = items_.size();
  while (items_.size() > 1 && items_.back().index >= index) {
    items_.pop_back();
  }
  ASSERT(items_.back().index < index);
  return items_.size() != before;
}

void ConfigHistory::drop_through(LogIndex index) {
  const auto later = std::find_if(
      items_.begin() + 1, items_.end(), [index](const Item& item) { return item.index > index; });
  items_.erase(items_.begin(), std::prev(later));
}

}  // namespace harka::raft
