// SPDX-License-Identifier: Apache-2.0
#include "sim/run.hpp"

#include "actors/replica/replica.hpp"
#include "actors/shard/shard.hpp"
#include "cluster/raft/quorum.hpp"
#include "sim/capsule.hpp"
#include "sim/message_hash.hpp"
#include "sim/mutants/defect.hpp"
#include "sim/nodes.hpp"
#include "sim/replicas.hpp"
#include "sim/strikes.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace harka::sim {

namespace {

class Run {
 public:
  Run(const Plan& plan, Watcher* watcher);

  void all();
  [[nodiscard]] RunResult result() const;

  [[nodiscard]] std::vector<std::string> recent() const { return world_.recent(); }

 private:
  void build();
  void create_cluster();
  void schedule_asks();
  void ask(const Ask& ask);
  void heal();
  void bury_a_minority();
  void expect_progress();
  void expect_convergence();
  void audit();
  [[nodiscard]] std::vector<NodeId> nodes() const;
  [[nodiscard]] const Replica* replica(NodeId node, GroupId group) const;

  [[nodiscard]] GroupId group(std::uint32_t shard) const { return group_of(ShardId{shard}); }

  [[nodiscard]] std::string who_does_not_lead() const;
  [[nodiscard]] std::string difference(GroupId group) const;
  [[nodiscard]] bool can_lose(NodeId node) const;

  const Plan& plan_;
  World world_;
  StalenessOracle staleness_;
  RaftOracle oracle_;
  std::unique_ptr<Load> load_;
  Workload workload_;
  Injector injector_;
  Strikes strikes_;
  std::set<std::uint64_t> dead_;
};

std::vector<NodeId> node_ids(const Plan& plan) {
  std::vector<NodeId> ids;
  for (std::uint64_t id = 1; id <= plan.nodes; ++id) ids.emplace_back(id);
  return ids;
}

WorldOptions world_options(const Plan& plan) {
  WorldOptions options;
  options.seed = plan.seed;
  options.links = plan.links;
  return options;
}

/// As real time: whoever answers measures it by a clock that may be slow.
Duration staleness_bound(const Plan& plan) {
  return Duration(static_cast<std::int64_t>(
      static_cast<double>(plan.staleness_max.count()) * (1.0 + limits::clock_drift_max)));
}

std::uint64_t hash_of_state(const Shard& shard) {
  std::uint64_t hash = 0;
  shard.state().scan(0, [&hash](std::uint64_t, std::string_view key, const kv::RecordView& record) {
    hash = mix(mix(hash, hash_bytes(key)), hash_bytes(record.value));
    return true;
  });
  return hash;
}

Run::Run(const Plan& plan, Watcher* watcher)
    : plan_(plan),
      world_(world_options(plan)),
      staleness_(staleness_bound(plan)),
      oracle_(world_, staleness_),
      load_(make_load(
          {.kind = plan.workload,
           .shards = plan.shards,
           .clients = plan.clients,
           .keys = plan.keys,
           .writes = plan.writes,
           .appends = plan.appends})),
      injector_(world_, oracle_, plan.nodes, plan.shards),
      strikes_(world_, injector_, plan.mix.strikes, Random(plan.seed).fork(98)) {
  const Defect* defect = defect_of(plan.mutant);
  if (defect != nullptr && defect->tamper != nullptr) world_.set_tamper(defect->tamper());
  if (watcher != nullptr) {  // first, so that it has seen what an oracle objects to
    watcher->begins(plan, world_);
    world_.add_observer(*watcher);
    workload_.observe = [watcher](const ClientEvent& event) { watcher->observed(event); };
  }
  world_.add_observer(oracle_);
  world_.add_observer(strikes_);
}

void Run::build() {
  for (const NodeId id : nodes()) {
    world_.add_node(
        plan_.profile == Profile::cluster ? cluster_node(plan_, id) : core_node(plan_, id));
  }
  workload_.nodes = nodes();
  workload_.shards = plan_.shards;
  workload_.keys = plan_.keys;
  workload_.load = load_.get();
  workload_.think_max = plan_.think_max;
  workload_.uses_routers = plan_.profile == Profile::cluster;
  workload_.skipped = &plan_.skipped;
  workload_.committed = [this](GroupId id) { return oracle_.committed(id); };
  workload_.world_now = [this] { return world_.now(); };
  workload_.is_up = [this](NodeId id) { return world_.is_up(id); };
  world_.add_node(clients(plan_, workload_, staleness_));
  for (const NodeId id : nodes()) {
    world_.start(id);
    world_.stores(id).set_answers_before_sync(plan_.mutant == answers_before_sync);
  }
}

// As `harka init` does, until it worked.
void Run::create_cluster() {
  for (int attempt = 0; attempt < 20; ++attempt) {
    world_.run_for(1500ms);
    if (who_does_not_lead().empty()) return;
    msg::AdminRequest init;
    init.verb = "init";
    init.arguments = {"nodes=" + std::to_string(plan_.nodes)};
    world_.tell(address_of(NodeId{1}, msg::ActorKind::control), std::move(init));
  }
  throw Violation(Broken::liveness, "no cluster after 30 s: " + who_does_not_lead());
}

void Run::all() {
  build();
  if (plan_.profile == Profile::cluster) {
    world_.set_links(LinkOptions{});
    create_cluster();
    world_.set_links(plan_.links);
  }
  world_.start(client_node);
  world_.run_for(plan_.warm_up);
  injector_.begin(plan_.faults);
  schedule_asks();
  world_.run_for(plan_.fault_phase);
  if (plan_.ends_with_faults) return;
  heal();
  expect_progress();
  expect_convergence();
  audit();
}

void Run::schedule_asks() {
  for (const Ask& ask : plan_.asks) {
    if (ask.shard >= plan_.shards) continue;
    world_.after(ask.at, [this, &ask] { this->ask(ask); });
  }
}

/// Nobody hears the answer but observers, and the checkers of a workload know nothing of it: a
/// session at the shell ends without an audit.
void Run::ask(const Ask& ask) {
  const NodeId leader = oracle_.leader(group(ask.shard));
  if (leader.is_none()) return world_.remark("nobody to ask: " + text_of(ask));
  msg::ShardBatch batch;
  batch.shard = ask.shard;
  batch.count = 1;
  batch.writes = ask.is_write ? 1 : 0;
  batch.commands = SharedBytes(commands_of(ask));
  world_.tell(replica_address(leader, group(ask.shard)), std::move(batch));
}

void Run::heal() {
  injector_.stop();
  world_.remark("the faults end");
  LinkOptions clean;
  clean.latency_max = plan_.links.latency_max;
  world_.set_links(clean);
  if (plan_.power_loss_at_end) {
    for (const NodeId id : nodes()) world_.crash(id, CrashLoss::all);
  }
  world_.run_for(6s);  // what faults had begun ends by itself
  injector_.heal();
  if (!plan_.heals_all) bury_a_minority();
}

void Run::bury_a_minority() {
  world_.run_for(2s);
  Random random = Random(plan_.seed).fork(55);
  std::vector<NodeId> candidates = nodes();
  while (!candidates.empty()) {
    const auto picked =
        candidates.begin() + static_cast<std::ptrdiff_t>(random.below(candidates.size()));
    const NodeId node = *picked;
    candidates.erase(picked);
    if (random.chance(0.5) || !can_lose(node)) continue;
    dead_.insert(node.value);
    world_.crash(node, CrashLoss::all);
  }
}

/// Whatever configuration any replica acts by keeps a quorum without this node.
bool Run::can_lose(NodeId node) const {
  for (std::uint32_t shard = 0; shard < plan_.shards; ++shard) {
    for (const NodeId id : nodes()) {
      const raft::Raft* core = core_of(world_, id, group(shard));
      if (core == nullptr) continue;
      const auto is_left = [&](NodeId other) -> std::uint64_t {
        return other == node || dead_.contains(other.value) ? 0 : 1;
      };
      if (core->is_change_pending() || core->is_tainted()) return false;
      if (raft::quorum_value(core->config(), is_left) == 0) return false;
    }
  }
  // The meta group's members, or its map, are not looked at: keep a majority of all nodes.
  return plan_.profile != Profile::cluster || (dead_.size() + 1) * 2 < plan_.nodes;
}

void Run::expect_progress() {
  const std::uint64_t before = workload_.done;
  // These clients ask any node, also those that stay down, and wait for each.
  const bool asks_anybody =
      plan_.workload == WorkloadKind::session || plan_.workload == WorkloadKind::lease;
  const std::uint64_t wanted_each = asks_anybody ? 3 : 10;
  const std::uint64_t wanted = before + wanted_each * plan_.clients;
  // In core runs some replicas belong to no group any more and never answer.
  const std::uint64_t reads_wanted =
      plan_.profile == Profile::core ? 0 : workload_.stale_reads + 10ULL * plan_.readers;
  std::string missing;
  for (int i = 0; i < 80; ++i) {
    world_.run_for(250ms);
    missing = who_does_not_lead();
    const bool is_enough = workload_.done >= wanted && workload_.stale_reads >= reads_wanted;
    if (missing.empty() && is_enough) return;
  }
  throw Violation(
      Broken::liveness,
      missing.empty() ? "only " + std::to_string(workload_.done - before) + " operations and " +
                            std::to_string(workload_.stale_reads) + " stale reads of " +
                            std::to_string(reads_wanted) + " in 20 s after the faults ended"
                      : "20 s after the faults ended " + missing);
}

std::string Run::who_does_not_lead() const {
  for (std::uint32_t shard = 0; shard < plan_.shards; ++shard) {
    if (oracle_.leader(group(shard)).is_none()) {
      return "group " + std::to_string(group(shard).value) + " has no leader";
    }
  }
  return {};
}

void Run::expect_convergence() {
  workload_.is_stopped = true;
  world_.run_for(workload_.patience + 1s);
  std::string missing;
  for (int i = 0; i < 40; ++i) {
    missing.clear();
    for (std::uint32_t shard = 0; shard < plan_.shards && missing.empty(); ++shard) {
      missing = difference(group(shard));
    }
    if (missing.empty()) return;
    world_.run_for(500ms);
  }
  throw Violation(Broken::liveness, "20 s after the load ended " + missing);
}

/// Why the members of a group do not agree yet.
std::string Run::difference(GroupId id) const {
  const NodeId leader = oracle_.leader(id);
  const std::string name = "group " + std::to_string(id.value);
  if (leader.is_none()) return name + " has no leader";
  const Replica* leading = replica(leader, id);
  const auto* reference = dynamic_cast<const Shard*>(&leading->state());
  const std::uint64_t hash = hash_of_state(*reference);
  for (const NodeId node : raft::members_of(leading->core()->config())) {
    if (dead_.contains(node.value)) continue;
    const std::string who = "node " + std::to_string(node.value) + " of " + name;
    const Replica* member = replica(node, id);
    if (member == nullptr || member->core() == nullptr) return who + " does not run";
    if (member->core()->applied_index() != oracle_.committed(id)) {
      return who + " has applied " + std::to_string(member->core()->applied_index()) + " of " +
             std::to_string(oracle_.committed(id));
    }
    if (hash_of_state(dynamic_cast<const Shard&>(member->state())) != hash) {
      throw Violation(Broken::correctness, who + " has another state at the same index");
    }
  }
  return {};
}

/// Of what a shard holds now, its leader knows.
void Run::audit() {
  const auto find = [this](std::uint32_t shard, const std::string& key) {
    const Replica* leading = replica(oracle_.leader(group(shard)), group(shard));
    const auto& state = dynamic_cast<const Shard&>(leading->state()).state();
    const std::optional<kv::Record> record = state.find(key);
    return record ? std::optional(std::string(record->value.view())) : std::nullopt;
  };
  load_->audit({find, world_.now().time_since_epoch().count()});
}

std::vector<NodeId> Run::nodes() const {
  return node_ids(plan_);
}

const Replica* Run::replica(NodeId node, GroupId id) const {
  return dynamic_cast<const Replica*>(world_.machine(replica_address(node, id)));
}

RunResult Run::result() const {
  RunResult result;
  result.at = world_.now();
  result.faults_began = injector_.began();
  result.hash = world_.hash();
  result.counters = world_.counters();
  result.raft = oracle_.counters();
  result.operations = workload_.done;
  result.stale_reads = workload_.stale_reads;
  result.unknown = workload_.unknown;
  result.undecided = load_->undecided();
  result.faults = injector_.count();
  result.sent = workload_.sent;
  result.struck = strikes_.struck();
  return result;
}

}  // namespace

RunResult run_plan(const Plan& plan, Watcher* watcher) {
  MarkCounts marks;
  const CountingMarks counting(marks);
  Run run(plan, watcher);
  RunResult result;
  try {
    run.all();
    result = run.result();
  } catch (const Violation& violation) {
    result = run.result();
    result.property = violation.what();
    switch (violation.kind()) {
      case Broken::crash: result.outcome = Outcome::crash; break;
      case Broken::liveness: result.outcome = Outcome::liveness; break;
      case Broken::correctness: result.outcome = Outcome::correctness; break;
    }
    result.recent = run.recent();
  } catch (const Bug& bug) {
    result = run.result();
    result.outcome = Outcome::crash;
    result.property = bug.what();
    result.recent = run.recent();
  }
  if (watcher != nullptr) watcher->ends(result.property);
  result.marks = marks;
  result.options = settings_of(plan) + ", faults from " + plan.mix.describe();
  return result;
}

}  // namespace harka::sim
