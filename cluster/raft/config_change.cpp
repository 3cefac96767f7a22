// SPDX-License-Identifier: Apache-2.0
// Membership changes by joint consensus, and leadership transfer (dissertation, chapters 3.10, 4).
//
// A change walks: learners → (caught up) → joint → (committed) → target → (committed) → done. Each
// step is taken by whoever leads when the one before is committed in a term of its own, so a
// joint configuration never outlives its leader. What only this leader knows is the target while
// its learners catch up; that is safe to forget.
#include "base/assert.hpp"
#include "base/marks.hpp"
#include "cluster/raft/quorum.hpp"
#include "cluster/raft/raft.hpp"

#include <algorithm>
#include <utility>

namespace harka::raft {

namespace {

std::vector<std::uint64_t> sorted_ids(const std::vector<NodeId>& nodes) {
  std::vector<std::uint64_t> ids;
  ids.reserve(nodes.size());
  for (const NodeId node : nodes) {
    ids.push_back(node.value);
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

bool is_same_set(std::vector<std::uint64_t> a, std::vector<std::uint64_t> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

bool intersects(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
  return std::any_of(
      a.begin(), a.end(), [&b](std::uint64_t id) { return contains(b, NodeId{id}); });
}

}  // namespace

bool Raft::is_change_pending() const {
  return target_.has_value() || is_joint(config()) || configs_.newest_index() > commit_;
}

Result<void> Raft::change_config(
    const std::vector<NodeId>& voters, const std::vector<NodeId>& learners, Instant now) {
  now_ = now;
  if (role_ != Role::leader) {
    return Error{Code::not_leader, {}};
  }
  Target target{sorted_ids(voters), sorted_ids(learners), now + options_.promotion_timeout};
  if (target.voters.empty() || intersects(target.voters, target.learners) ||
      contains(target.voters, NodeId{}) || contains(target.learners, NodeId{})) {
    return Error{Code::invalid_argument, "voters and learners must be named, apart and not empty"};
  }
  const bool is_asked_already = target_.has_value() && target_->voters == target.voters &&
                                target_->learners == target.learners;
  if (is_asked_already) {
    return {};
  }
  if (!own_term_committed_ || is_change_pending() || !transfer_to_.is_none()) {
    hit(Mark::change_while_changing);
    return Error{Code::retry_later, "another change of configuration or leader is in progress"};
  }
  const bool is_done = is_same_set(config().voters, target.voters) &&
                       is_same_set(config().learners, target.learners);
  if (is_done) {
    return {};
  }
  target_ = std::move(target);
  msg::GroupConfig first = config();
  first.learners = target_->learners;
  for (const std::uint64_t voter : target_->voters) {
    if (!contains(first.voters, NodeId{voter})) {
      first.learners.push_back(voter);
    }
  }
  // A voter that shall become a learner stays a voter until the joint step.
  std::erase_if(
      first.learners, [&first](std::uint64_t id) { return contains(first.voters, NodeId{id}); });
  if (!is_same_set(first.learners, config().learners)) {
    hit(Mark::learners_first);
    append_config(first);
  } else {
    continue_change(now);
  }
  return {};
}

void Raft::append_config(const msg::GroupConfig& config) {
  ASSERT(role_ == Role::leader);
  ASSERT(!config.voters.empty());
  msg::Entry entry;
  entry.index = log_.last_index() + 1;
  entry.term = hard_state_.term;
  entry.type = msg::EntryType::config;
  entry.data = encode_config(config);
  uncommitted_bytes_ += size_of(entry);
  append_to_log(std::move(entry));
  rebuild_progress();
}

// Takes the next step of a change when the last one is committed.
void Raft::continue_change(Instant now) {
  const bool is_settled = own_term_committed_ && configs_.newest_index() <= commit_;
  if (role_ != Role::leader || !is_settled) {
    return;
  }
  if (is_joint(config())) {
    if (log_.term_at(configs_.newest_index()) != hard_state_.term) {
      hit(Mark::joint_left_by_another);
    }
    msg::GroupConfig next = config();
    next.voters_outgoing.clear();
    append_config(next);
    return;
  }
  if (settled_config_ != configs_.newest_index()) {
    rebuild_progress();
  }
  if (!is_voter(config(), options_.self)) {
    hit(Mark::leader_led_itself_out);
    // We led ourselves out. Name a successor so that nobody waits for a timeout.
    if (Progress* const successor = find_progress(best_successor()); successor != nullptr) {
      hand_over(*successor);
    }
    become_follower(hard_state_.term, NodeId{}, now);
    return;
  }
  if (!target_.has_value() || !transfer_to_.is_none()) {
    return;
  }
  const bool is_ready =
      std::all_of(target_->voters.begin(), target_->voters.end(), [&](std::uint64_t id) {
        return contains(config().voters, NodeId{id}) || is_caught_up(NodeId{id}, now);
      });
  if (is_ready) {
    const Target target = *std::exchange(target_, std::nullopt);
    if (!is_same_set(config().voters, target.voters)) {
      hit(Mark::joint_entered);
      append_config({target.voters, config().voters, target.learners});
    }
  } else if (now >= target_->deadline) {
    hit(Mark::promotion_gives_up);
    target_.reset();
  }
}

bool Raft::is_caught_up(NodeId node, Instant now) const {
  const Progress* const progress = find_progress(node);
  return progress != nullptr && progress->state == Progress::State::replicate &&
         progress->match + options_.promotion_lag_max >= log_.last_index() &&
         now - progress->contact < options_.election_timeout_max;
}

// Everyone in the newest configuration, and until that is committed also in the one before: who
// leaves should learn of it.
void Raft::rebuild_progress() {
  std::vector<NodeId> members = members_of(config());
  settled_config_ = configs_.newest_index();
  if (configs_.newest_index() > commit_) {
    settled_config_.reset();
    const std::vector<NodeId> before = members_of(configs_.at(configs_.newest_index() - 1));
    members.insert(members.end(), before.begin(), before.end());
  }
  std::erase_if(progress_, [&](Progress& progress) {
    const bool is_gone = std::find(members.begin(), members.end(), progress.id) == members.end();
    if (is_gone) {
      tell_commit(progress);
    }
    return is_gone;
  });
  for (const NodeId member : members) {
    if (member == options_.self || find_progress(member) != nullptr) {
      continue;
    }
    Progress progress;
    progress.id = member;
    progress.next = log_.last_index() + 1;
    progress.contact = now_;
    progress.sent_at = now_;
    progress_.push_back(progress);
  }
}

// --- Transfer ----------------------------------------------------------------------------------

Result<void> Raft::transfer(NodeId target, Instant now) {
  now_ = now;
  if (role_ != Role::leader) {
    return Error{Code::not_leader, {}};
  }
  const NodeId to = target.is_none() ? best_successor() : target;
  if (to == options_.self) {
    return {};
  }
  if (to.is_none() || !contains(config().voters, to)) {
    return Error{Code::invalid_argument, "the target is not a voter"};
  }
  if (!transfer_to_.is_none() && transfer_to_ != to) {
    return Error{Code::retry_later, "another transfer is in progress"};
  }
  if (transfer_to_.is_none()) {
    transfer_to_ = to;
    transfer_deadline_ = now + options_.election_timeout_max;
    tick_transfer(now);
  }
  return {};
}

void Raft::tick_transfer(Instant now) {
  if (transfer_to_.is_none()) {
    return;
  }
  Progress* const progress = find_progress(transfer_to_);
  if (progress == nullptr || now >= transfer_deadline_) {
    hit(Mark::transfer_times_out);
    transfer_to_ = NodeId{};
    return;
  }
  if (progress->match == log_.last_index()) {
    hand_over(*progress);
  } else {
    hit(Mark::transfer_waits);
  }
}

void Raft::hand_over(Progress& progress) {
  // It may arrive at any later time, and voters will follow it in spite of their loyalty: this
  // leader cannot trust its lease again.
  lease_forfeited_ = true;
  msg::TimeoutNow message;
  message.group = options_.group.value;
  message.term = hard_state_.term;
  send(progress.id, message);
}

NodeId Raft::best_successor() const {
  const Progress* best = nullptr;
  for (const Progress& progress : progress_) {
    const bool is_candidate = contains(config().voters, progress.id) &&
                              now_ - progress.contact < options_.election_timeout_max;
    if (is_candidate && (best == nullptr || progress.match > best->match)) {
      best = &progress;
    }
  }
  return best == nullptr ? NodeId{} : best->id;
}

}  // namespace harka::raft
