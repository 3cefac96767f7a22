// SPDX-License-Identifier: Apache-2.0
// One thread a client, each with its own connections; half writes, half reads of what it wrote.
#include "apps/demo/workload.hpp"

#include "apps/cluster_client.hpp"
#include "base/random.hpp"

#include <utility>

namespace harka::apps {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Duration step_timeout = 1s;  // one connection attempt or reply
constexpr Duration patience = 10s;     // one request, retries included
constexpr unsigned check_threads = 8;

struct Checker {
  const std::vector<std::string>& addresses;
  const std::vector<std::pair<std::string, std::string>>& writes;

  CheckReport run(std::size_t begin, std::size_t end) const {
    ClusterClient client(addresses, step_timeout);
    CheckReport report;
    for (std::size_t i = begin; i < end; ++i) {
      const auto& [key, value] = writes[i];
      Result<RespValue> reply = client.call(key, {"GET", key}, patience);
      if (!reply.ok() || reply.value().is_error()) {
        ++report.unreadable;
        report.examples.push_back(
            key + ": " + (reply.ok() ? reply.value().text : reply.error().detail));
        continue;
      }
      ++report.checked;
      if (reply.value().text == value) continue;
      ++report.lost;
      report.examples.push_back(
          key + ": acknowledged '" + value + "', found '" + reply.value().text + "'");
    }
    return report;
  }
};

}  // namespace

Workload::Workload(std::vector<std::string> addresses, unsigned clients)
    : addresses_(std::move(addresses)), client_count_(clients), reported_at_(SteadyClock::now()) {}

Workload::~Workload() {
  stop();
}

void Workload::start() {
  is_running_ = true;
  for (unsigned client = 0; client < client_count_; ++client) {
    threads_.emplace_back([this, client] { run_client(client); });
  }
}

void Workload::stop() {
  is_running_ = false;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Workload::abandon() {
  is_abandoned_ = true;
  stop();
}

void Workload::run_client(unsigned client) {
  ClusterClient cluster(addresses_, step_timeout);
  cluster.give_up_when(is_abandoned_);
  Random random(client + 1);
  std::vector<std::pair<std::string, std::string>> written;
  for (std::uint64_t number = 0; is_running_; ++number) {
    const bool is_write = written.empty() || random.chance(0.5);
    const std::string tag = std::to_string(client) + "-" + std::to_string(number);
    const auto chosen =
        is_write ? std::pair("demo:" + tag, "value-" + tag) : written[random.below(written.size())];
    const auto began = SteadyClock::now();
    const Result<RespValue> reply =
        is_write ? cluster.call(chosen.first, {"SET", chosen.first, chosen.second}, patience)
                 : cluster.call(chosen.first, {"GET", chosen.first}, patience);
    const bool is_ok = reply.ok() && !reply.value().is_error();
    record(SteadyClock::now() - began, is_write, is_ok);
    if (!is_ok) continue;
    const std::lock_guard lock(mutex_);
    if (is_write) {
      acknowledged_.insert(chosen);
      written.push_back(chosen);
    } else if (reply.value().text != chosen.second) {
      ++wrong_reads_;
    }
  }
}

void Workload::record(Duration latency, bool is_write, bool is_ok) {
  const std::lock_guard lock(mutex_);
  ++requests_;
  failed_ += is_ok ? 0 : 1;
  (is_write ? writes_ : reads_).add(latency);
  (is_write ? all_writes_ : all_reads_).add(latency);
}

WorkloadReport Workload::report() {
  const std::lock_guard lock(mutex_);
  const auto now = SteadyClock::now();
  WorkloadReport report;
  report.requests = requests_;
  report.failed = failed_;
  report.acknowledged = acknowledged_.size();
  report.wrong_reads = wrong_reads_;
  report.reads = std::exchange(reads_, {});
  report.writes = std::exchange(writes_, {});
  report.all_reads = all_reads_;
  report.all_writes = all_writes_;
  const double seconds = std::chrono::duration<double>(now - reported_at_).count();
  report.requests_per_second = static_cast<double>(requests_ - reported_requests_) / seconds;
  reported_requests_ = requests_;
  reported_at_ = now;
  return report;
}

CheckReport Workload::check() const {
  std::vector<std::pair<std::string, std::string>> writes;
  {
    const std::lock_guard lock(mutex_);
    writes.assign(acknowledged_.begin(), acknowledged_.end());
  }
  const Checker checker{addresses_, writes};
  std::vector<CheckReport> parts(check_threads);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < check_threads; ++i) {
    threads.emplace_back([&, i] {
      parts[i] =
          checker.run(writes.size() * i / check_threads, writes.size() * (i + 1) / check_threads);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CheckReport total;
  for (const CheckReport& part : parts) {
    total.checked += part.checked;
    total.lost += part.lost;
    total.unreadable += part.unreadable;
    for (const std::string& example : part.examples) {
      if (total.examples.size() < 5) total.examples.push_back(example);
    }
  }
  return total;
}

}  // namespace harka::apps
