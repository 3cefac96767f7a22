// SPDX-License-Identifier: Apache-2.0
// From words to shards. The checks come in Redis's order (processCommand): known, arity,
// authenticated, slots.
#include "gateway/resp_session.hpp"

#include "base/assert.hpp"
#include "cluster/routing/slots.hpp"
#include "gateway/local_commands.hpp"
#include "gateway/service.hpp"
#include "gateway/words.hpp"

#include <algorithm>

namespace harka::gateway {

RespSession::RespSession(Service& service, SessionId id, SessionState state)
    : service_(service), id_(id), state_(std::move(state)) {
  parser_.set_authenticated(state_.is_authenticated);
}

std::size_t RespSession::feed(std::string_view input) {
  std::size_t taken = 0;
  wait_ = Wait::nothing;
  while (taken < input.size() && wants_input()) {
    switch (parser_.next(input.substr(taken))) {
      case RequestParser::Status::need_more: return taken;
      case RequestParser::Status::error:
        answer_error("ERR " + parser_.error());
        is_closing_ = true;
        service_.touch(*this);
        return input.size();
      case RequestParser::Status::command: break;
    }
    const Words words = parser_.arguments();
    if (!words.empty() && dispatch(words) == Step::must_wait) return taken;
    taken += parser_.consumed();
  }
  return is_closing_ ? input.size() : taken;
}

bool RespSession::wants_input() const {
  const Options& options = service_.options();
  if (is_closing_ || replies_.pending() >= pending_limit()) return false;
  if (replies_.output().size() >= options.output_bytes_max) return false;
  switch (wait_) {
    case Wait::nothing: return true;
    case Wait::for_reads: return plain_reads_ == 0;
    case Wait::for_all: return replies_.pending() == 0;
  }
  throw Bug("unknown reason to wait");
}

std::size_t RespSession::pending_limit() const {
  const Options& options = service_.options();
  const std::size_t fits = options.replies_bytes_max / std::max<std::size_t>(reply_bytes_, 1);
  return std::clamp<std::size_t>(fits, 1, options.replies_pending_max);
}

RespSession::Step RespSession::dispatch(Words words) {
  if (is_word(words[0], "quit")) {
    is_closing_ = true;
    ++service_.counters().commands;
    answer_here(*kv::find_command(kv::CommandId::quit), words);
    return Step::taken;
  }
  const kv::CommandInfo* info = kv::find_command(words[0]);
  if (refuse(info, words)) return Step::taken;
  state_.last_command = info->name;
  if (info->is_shard_command()) return dispatch_data(*info, words);
  const bool is_walk = info->id >= kv::CommandId::scan && info->id <= kv::CommandId::randomkey;
  if (is_walk || info->id == kv::CommandId::harka || info->id == kv::CommandId::reset) {
    if (replies_.pending() > 0) {
      wait_ = Wait::for_all;
      return Step::must_wait;
    }
  }
  ++service_.counters().commands;
  if (is_walk) {
    service_.keyspace().start(*this, info->id, words);
  } else if (info->id == kv::CommandId::harka) {
    service_.ask_admin(*this, std::string(words[1]), {words.begin() + 2, words.end()});
  } else {
    answer_here(*info, words);
  }
  return Step::taken;
}

bool RespSession::refuse(const kv::CommandInfo* info, Words words) {
  if (info == nullptr) {
    if (is_word(words[0], "post") || is_word(words[0], "host:")) {
      is_closing_ = is_aborted_ = true;  // a browser was lured here: say nothing, as Redis does
      replies_.output().clear();
      service_.touch(*this);
      return true;
    }
    answer_error(unknown_command_text(words));
    return true;
  }
  if (!info->accepts(words.size())) {
    answer_error("ERR wrong number of arguments for '" + std::string(info->name) + "' command");
    return true;
  }
  if (!state_.is_authenticated && !info->has(kv::command_flag::no_auth)) {
    answer_error("NOAUTH Authentication required.");
    return true;
  }
  return false;
}

RespSession::Step RespSession::dispatch_data(const kv::CommandInfo& info, Words words) {
  const auto count = static_cast<int>(words.size());
  const int last = info.last_key >= 0 ? info.last_key : count + info.last_key;
  const routing::Slot slot = routing::slot_of(words[static_cast<std::size_t>(info.first_key)]);
  for (int i = info.first_key; i <= last; i += info.key_step) {
    const std::string_view key = words[static_cast<std::size_t>(i)];
    if (key.size() > limits::key_bytes_max) {
      answer_error("ERR key is longer than " + std::to_string(limits::key_bytes_max) + " bytes");
      return Step::taken;
    }
    if (i != info.first_key && routing::slot_of(key) != slot) {
      answer_error("CROSSSLOT Keys in request don't hash to the same slot");
      return Step::taken;
    }
  }
  const ClusterView& view = service_.view();
  if (view.shard_count == 0) {
    answer_error("CLUSTERDOWN Hash slot not served");
    return Step::taken;
  }
  Batcher::Item item;
  item.token.is_write = info.has(kv::command_flag::write);
  if (item.token.is_write && plain_reads_ > 0) {
    wait_ = Wait::for_reads;
    return Step::must_wait;
  }
  item.shard = routing::shard_of_slot(slot, view.shard_count).value;
  item.command = info.id;
  item.arguments = words.subspan(1);
  if (state_.is_resp3) item.flags |= kv::encoded_flag::resp3;
  if (item.token.is_write || writes_ > 0) {
    item.token.lane = Lane::writes;
    item.flags |=
        item.token.is_write ? kv::encoded_flag::may_write : kv::encoded_flag::after_writes;
    ++writes_;
  } else {
    item.token.lane = state_.is_readonly ? Lane::stale_reads : Lane::reads;
    if (state_.is_readonly && item.shard < applied_.size()) item.min_index = applied_[item.shard];
    ++plain_reads_;
  }
  item.token.is_batched = true;
  item.token.session = id_;
  item.token.position = replies_.reserve();
  item.token.slot = slot;
  ++service_.counters().commands;
  service_.batcher().add(item);
  return Step::taken;
}

void RespSession::complete(
    const Token& token, const SharedBytes& replies, std::size_t offset, std::size_t size) {
  replies_.complete(token.position, replies, offset, size);
  reply_bytes_ = std::max(size, (reply_bytes_ * 7 + size) / 8);
  settle(token);
}

void RespSession::complete(const Token& token, std::string_view reply) {
  replies_.complete(token.position, reply);
  settle(token);
}

void RespSession::settle(const Token& token) {
  if (token.is_batched) {
    std::uint32_t& in_flight = token.lane == Lane::writes ? writes_ : plain_reads_;
    ASSERT(in_flight > 0);
    --in_flight;
  }
  service_.touch(*this);
}

// Until READONLY nothing is kept for a connection; what the whole loop has seen includes it.
void RespSession::set_readonly(bool is_readonly) {
  state_.is_readonly = is_readonly;
  if (is_readonly) applied_ = service_.applied();
}

void RespSession::note_applied(std::uint32_t shard, LogIndex index) {
  if (!state_.is_readonly) return;
  if (shard >= applied_.size()) applied_.resize(shard + 1);
  applied_[shard] = std::max(applied_[shard], index);
}

void RespSession::answer_here(const kv::CommandInfo& info, Words words) {
  if (replies_.pending() == 0) {
    kv::RespWriter out(replies_.output(), state_.is_resp3);
    answer_locally(LocalCall{*this, service_, info, words, out});
  } else {
    scratch_.clear();
    kv::RespWriter out(scratch_, state_.is_resp3);
    answer_locally(LocalCall{*this, service_, info, words, out});
    replies_.complete(replies_.reserve(), scratch_);
  }
  service_.touch(*this);
}

void RespSession::answer_error(std::string_view text) {
  if (replies_.pending() == 0) {
    kv::RespWriter(replies_.output(), state_.is_resp3).error(text);
  } else {
    scratch_.clear();
    kv::RespWriter(scratch_, state_.is_resp3).error(text);
    replies_.complete(replies_.reserve(), scratch_);
  }
  service_.touch(*this);
}

void RespSession::set_authenticated(bool is_authenticated) {
  state_.is_authenticated = is_authenticated;
  parser_.set_authenticated(is_authenticated);
}

void RespSession::reset() {
  state_.is_resp3 = false;
  state_.is_readonly = false;
  state_.name.clear();
  applied_.clear();
  set_authenticated(service_.options().password.empty());
}

}  // namespace harka::gateway
