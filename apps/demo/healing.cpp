// SPDX-License-Identifier: Apache-2.0
// Killing nodes and bringing them back, with times. A shard counts as healed when a write to it was
// acknowledged, not when somebody claims to lead it.
#include "apps/cluster_client.hpp"
#include "apps/demo/demo.hpp"
#include "cluster/routing/slots.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

namespace harka::apps {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Duration healing_bound = 30s;
constexpr Duration without_majority_bound = 5s;  // what can move has moved by then
constexpr Duration write_bound = 15s;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

std::string timed(double seconds, const std::string& text) {
  char line[240];
  std::snprintf(line, sizeof line, " %6.3f s  %s", seconds, text.c_str());
  return line;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace

std::set<std::string> Demo::regions_hit() const {
  std::set<std::string> regions;
  for (const DemoNode& node : processes_.nodes()) {
    if (node.process == 0) regions.insert(node.region);
  }
  return regions;
}

void Demo::kill(const std::vector<std::string>& names) {
  std::vector<std::string> victims;
  std::set<std::string> dead;
  for (const std::string& name : names) {
    const DemoNode& node = *processes_.find(name);
    if (node.process == 0) continue;
    victims.push_back(name);
    dead.insert(node.client_address);
  }
  if (victims.empty()) {
    say("  " + joined(names) + (names.size() == 1 ? " is" : " are") + " down already");
    return;
  }
  if (victims.size() == processes_.living_addresses().size()) {
    say("  that would leave no node to talk to: keep one, or `quit`");
    return;
  }
  std::vector<std::uint32_t> affected;
  const std::vector<std::string> before = shard_leaders(processes_.living_addresses());
  for (std::uint32_t shard = 0; shard < before.size(); ++shard) {
    if (dead.contains(before[shard])) affected.push_back(shard);
  }
  Healing& healing = kills_.emplace_back();
  healing.what = joined(victims);
  healing.shards = affected.size();
  for (const std::string& name : victims) ::kill(processes_.find(name)->process, SIGKILL);
  say(timed(
      0,
      "kill -9 " + healing.what + ": " + std::to_string(affected.size()) +
          " shards lost their leader"));
  for (const std::string& name : victims) processes_.kill(*processes_.find(name));
  // Each shard has one replica in each region.
  healing.must_heal = regions_hit().size() <= 1;
  if (!healing.must_heal) {
    say("           nodes are down in more than one region: shards that lost two of three replicas "
        "stop until `revive`");
  }
  (void)watch_healing(dead, affected);
}

bool Demo::watch_healing(
    const std::set<std::string>& dead, const std::vector<std::uint32_t>& shards) {
  Healing& healing = kills_.back();
  const auto killed = SteadyClock::now();
  const std::string all = std::to_string(shards.size());
  std::size_t reported = 0;
  const auto are_led = [&] {
    const std::vector<std::string> leaders = shard_leaders(processes_.living_addresses());
    const auto led =
        static_cast<std::size_t>(std::count_if(shards.begin(), shards.end(), [&](auto shard) {
          return !leaders[shard].empty() && !dead.contains(leaders[shard]);
        }));
    if (led > reported) {  // nodes learn at different times: only progress is news
      say(timed(seconds_since(killed), std::to_string(led) + " of " + all + " have a new leader"));
      reported = led;
    }
    return led == shards.size();
  };
  const Duration bound = healing.must_heal ? healing_bound : without_majority_bound;
  if (interrupt_.wait_until(bound, are_led)) {
    healing.leaders_after = seconds_since(killed);
    if (write_to_each(shards)) healing.healed_after = seconds_since(killed);
  }
  if (interrupt_.is_raised()) return false;
  if (healing.healed_after >= 0) {
    say(timed(healing.healed_after, "healed: a write to each of them was acknowledged"));
  } else if (healing.must_heal) {
    say(timed(
        seconds_since(killed),
        "NOT HEALED: " + std::to_string(reported) + " of " + all + " have a new leader"));
  } else {
    say("           " + std::to_string(shards.size() - reported) + " of " + all +
        " wait for a majority of their replicas: `revive " + *regions_hit().begin() + "`");
  }
  return healing.healed_after >= 0;
}

// All at once: one after another, the distances between regions would count for each.
bool Demo::write_to_each(const std::vector<std::uint32_t>& shards) {
  const std::vector<std::string> living = processes_.living_addresses();
  std::set<std::uint32_t> missing(shards.begin(), shards.end());
  std::atomic<std::size_t> written{0};
  std::vector<std::thread> writers;
  for (std::uint64_t number = 0; !missing.empty(); ++number) {
    const std::string key = "healed:" + std::to_string(number);
    if (missing.erase(routing::shard_of_key(key, limits::shard_count_default).value) == 0) continue;
    writers.emplace_back([key, &living, &written] {
      ClusterClient client(living, 1s);
      const Result<RespValue> reply = client.call(key, {"SET", key, "1"}, write_bound);
      written += reply.ok() && !reply.value().is_error() ? 1 : 0;
    });
  }
  for (std::thread& writer : writers) writer.join();
  return written == shards.size() && !interrupt_.is_raised();
}

bool Demo::revive(const std::vector<std::string>& names) {
  const auto began = SteadyClock::now();
  std::vector<std::string> started;
  std::vector<std::string> addresses;
  for (const std::string& name : names) {
    DemoNode& node = *processes_.find(name);
    if (node.process != 0) continue;
    if (auto made = processes_.start(node); !made.ok()) {
      say("  " + made.error().detail);
      return false;
    }
    started.push_back(name);
    addresses.push_back(node.client_address);
  }
  if (started.empty()) {
    say("  " + joined(names) + (names.size() == 1 ? " runs" : " run") + " already");
    return true;
  }
  say(timed(0, "start " + joined(started)));
  if (regions_hit().size() > 1) {
    say("           more regions are down: shards without a majority wait for their nodes");
    return true;
  }
  const Say say_it = [this](const std::string& text) { say(text); };
  if (auto led = wait_until_leading(processes_, addresses, interrupt_, say_it); !led.ok()) {
    if (!interrupt_.is_raised()) say("  NOT BACK: " + led.error().detail);
    return false;
  }
  say(timed(seconds_since(began), "back as members, replayed their logs and lead shards again"));
  if (!kills_.empty()) kills_.back().revived_after = seconds_since(began);
  return true;
}

}  // namespace harka::apps
