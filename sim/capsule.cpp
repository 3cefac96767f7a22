// SPDX-License-Identifier: Apache-2.0
#include "sim/capsule.hpp"

#include "base/numbers.hpp"
#include "sim/mutants/defect.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <sstream>
#include <type_traits>

namespace harka::sim {

namespace {

struct Setting {
  std::string_view name;
  std::function<std::string(const Plan&)> write;
  std::function<bool(Plan&, std::string_view)> read;  // false: not a value of it
};

std::string written(Duration value) {
  return text_of(value);
}

std::string written(bool value) {
  return value ? "yes" : "no";
}

std::string written(Profile value) {
  return std::string(name_of(value));
}

std::string written(WorkloadKind value) {
  return std::string(name_of(value));
}

std::string written(const std::string& mutant) {
  return mutant.empty() ? "none" : mutant;
}

template <typename Number>

requires std::is_arithmetic_v<Number> std::string written(Number value) {
  char text[32];
  const auto [end, failure] = std::to_chars(text, text + sizeof text, value);  // reads back exactly
  return std::string(text, end);
}

bool read_into(Duration& value, std::string_view text) {
  const Result<Duration> read = duration_of(text);
  if (read.ok()) value = read.value();
  return read.ok();
}

bool read_into(bool& value, std::string_view text) {
  value = text == "yes";
  return value || text == "no";
}

bool read_into(Profile& value, std::string_view text) {
  const std::optional<Profile> profile = profile_of(text);
  value = profile.value_or(Profile::core);
  return profile.has_value();
}

bool read_into(WorkloadKind& value, std::string_view text) {
  const std::optional<WorkloadKind> kind = workload_of(text);
  value = kind.value_or(WorkloadKind::mixed);
  return kind.has_value();
}

bool read_into(std::string& mutant, std::string_view text) {
  mutant = text == "none" ? "" : text;
  return mutant.empty() || defect_of(mutant) != nullptr;
}

template <typename Number>
requires std::is_arithmetic_v<Number>

bool read_into(Number& value, std::string_view text) {
  const std::optional<Number> number = number_of<Number>(text);
  value = number.value_or(value);
  return number.has_value();
}

/// `place` gives the member of a plan, constant or not.
template <typename Place>
Setting setting(std::string_view name, Place place) {
  return {
      name,
      [place](const Plan& plan) { return written(place(plan)); },
      [place](Plan& plan, std::string_view text) { return read_into(place(plan), text); }};
}

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all{
      setting(
          "profile", [](auto& plan) -> auto& { return plan.profile; }),
      setting(
          "seed", [](auto& plan) -> auto& { return plan.seed; }),
      setting(
          "mutant", [](auto& plan) -> auto& { return plan.mutant; }),
      setting(
          "nodes", [](auto& plan) -> auto& { return plan.nodes; }),
      setting(
          "voters", [](auto& plan) -> auto& { return plan.voters; }),
      setting(
          "shards", [](auto& plan) -> auto& { return plan.shards; }),
      setting(
          "workload", [](auto& plan) -> auto& { return plan.workload; }),
      setting(
          "clients", [](auto& plan) -> auto& { return plan.clients; }),
      setting(
          "readers", [](auto& plan) -> auto& { return plan.readers; }),
      setting(
          "staleness", [](auto& plan) -> auto& { return plan.staleness_max; }),
      setting(
          "keys", [](auto& plan) -> auto& { return plan.keys; }),
      setting(
          "writes", [](auto& plan) -> auto& { return plan.writes; }),
      setting(
          "appends", [](auto& plan) -> auto& { return plan.appends; }),
      setting(
          "think", [](auto& plan) -> auto& { return plan.think_max; }),
      setting(
          "latency-min", [](auto& plan) -> auto& { return plan.links.latency_min; }),
      setting(
          "latency", [](auto& plan) -> auto& { return plan.links.latency_max; }),
      setting(
          "loss", [](auto& plan) -> auto& { return plan.links.loss; }),
      setting(
          "duplicate", [](auto& plan) -> auto& { return plan.links.duplicate; }),
      setting(
          "slow", [](auto& plan) -> auto& { return plan.links.slow; }),
      setting(
          "slow-latency", [](auto& plan) -> auto& { return plan.links.slow_max; }),
      setting(
          "sync-min", [](auto& plan) -> auto& { return plan.stores.sync_min; }),
      setting(
          "sync", [](auto& plan) -> auto& { return plan.stores.sync_max; }),
      setting(
          "stall", [](auto& plan) -> auto& { return plan.stores.stall; }),
      setting(
          "stall-time", [](auto& plan) -> auto& { return plan.stores.stall_max; }),
      setting(
          "snapshot-part", [](auto& plan) -> auto& { return plan.stores.snapshot_part_bytes; }),
      setting(
          "segment", [](auto& plan) -> auto& { return plan.stores.log.segment_bytes; }),
      setting(
          "copy-forward",
          [](auto& plan) -> auto& { return plan.stores.log.copy_forward_bytes_max; }),
      setting(
          "leases", [](auto& plan) -> auto& { return plan.raft.leases; }),
      setting(
          "append-bytes", [](auto& plan) -> auto& { return plan.raft.append_bytes_max; }),
      setting(
          "in-flight", [](auto& plan) -> auto& { return plan.raft.in_flight_max; }),
      setting(
          "retained", [](auto& plan) -> auto& { return plan.raft.retained_bytes_max; }),
      setting(
          "log-writes", [](auto& plan) -> auto& { return plan.raft.log_writes_pending_max; }),
      setting(
          "promotion", [](auto& plan) -> auto& { return plan.raft.promotion_timeout; }),
      setting(
          "flush-bytes", [](auto& plan) -> auto& { return plan.flush_bytes; }),
      setting(
          "flush-interval", [](auto& plan) -> auto& { return plan.flush_interval; }),
      setting(
          "drift", [](auto& plan) -> auto& { return plan.clock_drift; }),
      setting(
          "strikes", [](auto& plan) -> auto& { return plan.mix.strikes; }),
      setting(
          "warm-up", [](auto& plan) -> auto& { return plan.warm_up; }),
      setting(
          "fault-phase", [](auto& plan) -> auto& { return plan.fault_phase; }),
      setting(
          "ends-with-faults", [](auto& plan) -> auto& { return plan.ends_with_faults; }),
      setting(
          "power-loss-at-end", [](auto& plan) -> auto& { return plan.power_loss_at_end; }),
      setting(
          "all-heal", [](auto& plan) -> auto& { return plan.heals_all; }),
  };
  return all;
}

bool read_skip(Plan& plan, std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  std::uint32_t client = 0;
  std::uint64_t operation = 0;
  const bool is_read = point < text.size() && read_into(client, text.substr(0, point)) &&
                       read_into(operation, text.substr(point + 1));
  if (is_read) plan.skipped.emplace(client, operation);
  return is_read;
}

Result<void> read_line(Plan& plan, std::string_view name, std::string_view value) {
  if (name == "fault") {
    Result<Fault> fault = fault_of(value);
    if (!fault.ok()) return fault.error();
    plan.faults.push_back(std::move(fault).value());
    return {};
  }
  if (name == "ask") {
    Result<Ask> ask = ask_of(value);
    if (!ask.ok()) return ask.error();
    plan.asks.push_back(std::move(ask).value());
    return {};
  }
  if (name == "skip") {
    if (read_skip(plan, value)) return {};
    return Error{Code::invalid_argument, "not client.operation: " + std::string(value)};
  }
  for (const Setting& setting : settings()) {
    if (setting.name != name) continue;
    if (setting.read(plan, value)) return {};
    return Error{
        Code::invalid_argument,
        "not a value of " + std::string(name) + ": '" + std::string(value) + "'"};
  }
  return Error{Code::invalid_argument, "no such setting: " + std::string(name)};
}

/// What would make the World fail rather than the run.
Result<void> check(const Plan& plan) {
  const auto require = [](bool holds, const char* what) -> Result<void> {
    if (holds) return {};
    return Error{Code::invalid_argument, what};
  };
  const auto is_share = [](double value) { return value >= 0 && value <= 1; };
  for (const Result<void>& checked :
       {require(plan.nodes >= 1 && plan.nodes <= 100, "nodes: between 1 and 100"),
        require(plan.voters >= 1 && plan.voters <= plan.nodes, "voters: between 1 and nodes"),
        require(plan.shards >= 1 && plan.shards <= 1000, "shards: between 1 and 1000"),
        require(plan.clients < 1000 && plan.readers < 1000, "clients, readers: below 1000"),
        require(plan.keys >= 1, "keys: at least 1"),
        require(
            plan.workload != WorkloadKind::session || plan.profile != Profile::cluster,
            "workload: session is of clients with sessions of their own, so not of cluster"),
        require(
            is_share(plan.writes) && is_share(plan.appends) && is_share(plan.links.loss) &&
                is_share(plan.links.duplicate) && is_share(plan.links.slow) &&
                is_share(plan.stores.stall) && is_share(plan.mix.strikes),
            "writes, appends, loss, duplicate, slow, stall, strikes: between 0 and 1"),
        require(plan.links.latency_min <= plan.links.latency_max, "latency-min: beyond latency"),
        require(plan.links.latency_min <= plan.links.slow_max, "slow-latency: below latency-min"),
        require(plan.stores.sync_min <= plan.stores.sync_max, "sync-min: beyond sync"),
        require(plan.stores.sync_min <= plan.stores.stall_max, "stall-time: below sync-min"),
        require(plan.think_max >= 1ms, "think: at least 0.001s"),
        require(
            plan.stores.log.segment_bytes >= 1024 && plan.stores.log.segment_bytes <= 1U << 30U,
            "segment: between 1024 and 1073741824")}) {
    if (!checked.ok()) return checked;
  }
  return {};
}

}  // namespace

std::string capsule_of(const Plan& plan, const std::vector<std::string>& comments) {
  std::ostringstream out;
  for (const std::string& comment : comments) out << "# " << comment << "\n";
  for (const Setting& setting : settings()) {
    out << setting.name << " " << setting.write(plan) << "\n";
  }
  for (const Fault& fault : plan.faults) out << "fault " << text_of(fault) << "\n";
  for (const Ask& ask : plan.asks) out << "ask " << text_of(ask) << "\n";
  for (const auto& [client, operation] : plan.skipped) {
    out << "skip " << client << "." << operation << "\n";
  }
  return out.str();
}

Result<Plan> plan_of(std::string_view capsule) {
  Plan plan;
  for (std::size_t number = 1; !capsule.empty(); ++number) {
    const std::size_t end = std::min(capsule.find('\n'), capsule.size());
    std::string_view line = capsule.substr(0, end);
    capsule.remove_prefix(std::min(end + 1, capsule.size()));
    line = line.substr(0, line.find('#'));
    line.remove_prefix(std::min(line.find_first_not_of(" \t\r"), line.size()));
    line = line.substr(0, line.find_last_not_of(" \t\r") + 1);
    if (line.empty()) continue;
    const std::size_t gap = std::min(line.find_first_of(" \t"), line.size());
    std::string_view value = line.substr(gap);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    if (Result<void> read = read_line(plan, line.substr(0, gap), value); !read.ok()) {
      return Error{
          read.error().code, "line " + std::to_string(number) + ": " + read.error().detail};
    }
  }
  if (Result<void> checked = check(plan); !checked.ok()) return checked.error();
  return plan;
}

std::string settings_of(const Plan& plan) {
  std::string text;
  for (const Setting& setting : settings()) {
    text += std::string(text.empty() ? "" : ", ") + std::string(setting.name) + " " +
            setting.write(plan);
  }
  return text;
}

}  // namespace harka::sim
