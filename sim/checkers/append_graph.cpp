// SPDX-License-Identifier: Apache-2.0
#include "sim/checkers/append_graph.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>

namespace harka::sim {

namespace {

using Kind = Dependency::Kind;
using Values = std::vector<std::string>;

constexpr std::size_t shown_of_each = 3;  // anomalies of one name
constexpr std::size_t nobody = ~std::size_t{0};

std::string list_of(const Values& values) {
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "" : " ") + value;
  return "[" + text + "]";
}

std::string name_of(std::size_t transaction) {
  return "T" + std::to_string(transaction + 1);
}

/// A read as of the state before its transaction, which has its own appends at the end.
struct Read {
  std::size_t transaction = 0;
  const ListAct* act = nullptr;
  std::size_t length = 0;  // without those
};

struct List {
  const std::string* key = nullptr;                 // into the history
  std::map<std::string_view, std::size_t> writers;  // by value
  std::vector<const ListAct*> appends;
  std::vector<Read> reads;
  const Values* longest = nullptr;
};

class Builder {
 public:
  explicit Builder(const std::vector<Transaction>& history) : history_(history) {}

  Result<AppendGraph> build() {
    for (std::size_t i = 0; i < history_.size(); ++i) {
      if (Result<void> taken = take_appends(i); !taken.ok()) return taken.error();
    }
    for (std::size_t i = 0; i < history_.size(); ++i) take_reads(i);
    for (auto& [key, list] : lists_) {
      find_longest(list);
      for (const Read& read : list.reads) judge(list, read);
      find_lost_updates(list);
      order_appends(list);
      for (const Read& read : list.reads) order_read(list, read);
    }
    return std::move(graph_);
  }

 private:
  Result<void> take_appends(std::size_t i) {
    for (const ListAct& act : history_[i].acts) {
      if (!act.appended) continue;
      List& list = list_of_key(act.key);
      list.appends.push_back(&act);
      if (list.writers.emplace(*act.appended, i).second) continue;
      return Error{
          Code::invalid_argument,
          *act.appended + " is appended to " + act.key +
              " twice: each value needs to be one of a kind"};
    }
    return {};
  }

  void take_reads(std::size_t i) {
    if (history_[i].outcome != Transaction::Outcome::committed) return;
    std::map<std::string_view, Values> own;                // appended so far
    std::map<std::string_view, const Values*> seen_first;  // what the first read of a list said
    std::map<std::string_view, std::size_t> own_then;      // how much was appended by then
    for (const ListAct& act : history_[i].acts) {
      if (act.appended) {
        own[act.key].push_back(*act.appended);
        continue;
      }
      if (!act.seen) continue;
      const Values& mine = own[act.key];
      const bool ends_with_mine = act.seen->size() >= mine.size() &&
                                  std::equal(mine.rbegin(), mine.rend(), act.seen->rbegin());
      if (!ends_with_mine) {
        note(
            "internal",
            name_of(i) + " appended " + list_of(mine) + " to " + act.key + " and then read " +
                list_of(*act.seen));
        continue;
      }
      const std::size_t length = act.seen->size() - mine.size();
      const auto [first, is_first] = seen_first.emplace(act.key, &*act.seen);
      if (is_first) own_then[act.key] = mine.size();
      const std::size_t length_first = first->second->size() - own_then[act.key];
      const bool is_same =
          length == length_first &&
          std::equal(
              act.seen->begin(), act.seen->begin() + as_offset(length), first->second->begin());
      if (!is_same) {
        note(
            "internal",
            name_of(i) + " read " + act.key + " as " + list_of(*first->second) + " and later as " +
                list_of(*act.seen));
      } else {
        list_of_key(act.key).reads.push_back({i, &act, length});
      }
    }
  }

  List& list_of_key(const std::string& key) {
    List& list = lists_[key];
    if (list.key == nullptr) list.key = &key;
    return list;
  }

  static std::ptrdiff_t as_offset(std::size_t number) {
    return static_cast<std::ptrdiff_t>(number);
  }

  static void find_longest(List& list) {
    for (const Read& read : list.reads) {
      const Values& seen = *read.act->seen;
      if (list.longest == nullptr || seen.size() > list.longest->size()) list.longest = &seen;
    }
  }

  void judge(const List& list, const Read& read) {
    const Values& seen = *read.act->seen;
    const std::string who =
        name_of(read.transaction) + " read " + *list.key + " as " + list_of(seen);
    std::set<std::string_view> once;
    for (std::size_t at = 0; at < seen.size(); ++at) {
      if (!once.insert(seen[at]).second)
        note("duplicate elements", who + ": " + seen[at] + " twice");
      const std::size_t writer = writer_of(list, seen[at]);
      if (writer == nobody) {
        note("unwritten", who + ": nobody appended " + seen[at]);
      } else if (history_[writer].outcome == Transaction::Outcome::aborted) {
        note("G1a", who + ": " + seen[at] + " is of " + name_of(writer) + ", which was aborted");
      }
    }
    if (!std::equal(seen.begin(), seen.end(), list.longest->begin())) {
      note("incompatible order", who + ", and another read of it is " + list_of(*list.longest));
    }
    if (read.length > 0) judge_last(who, list, read);
  }

  /// Is the last value that was read the last one that its transaction appended to the list?
  void judge_last(const std::string& who, const List& list, const Read& read) {
    const std::string& last = (*read.act->seen)[read.length - 1];
    const std::size_t writer = writer_of(list, last);
    if (writer == nobody || writer == read.transaction) return;
    const std::string* final_value = nullptr;
    for (const ListAct& act : history_[writer].acts) {
      if (act.appended && act.key == read.act->key) final_value = &*act.appended;
    }
    if (*final_value == last) return;
    note("G1b", who + ": " + name_of(writer) + " appended " + *final_value + " after " + last);
  }

  /// Two that appended to a list, and had read the same of it before.
  void find_lost_updates(const List& list) {
    std::map<std::size_t, std::size_t> first;  // by the length that was read
    for (const Read& read : list.reads) {
      const bool appends = std::ranges::any_of(
          history_[read.transaction].acts,
          [&](const ListAct& act) { return act.appended && act.key == *list.key; });
      if (!appends || !is_prefix(list, read)) continue;
      const std::size_t other = first.emplace(read.length, read.transaction).first->second;
      if (other == read.transaction) continue;
      const Values& seen = *read.act->seen;
      const Values common(seen.begin(), seen.begin() + as_offset(read.length));
      note(
          "lost update",
          name_of(other) + " and " + name_of(read.transaction) + " both read " + *list.key +
              " as " + list_of(common) + " and appended to it");
    }
  }

  void order_appends(const List& list) {
    if (list.longest == nullptr) return;
    const Values& order = *list.longest;
    for (std::size_t at = 1; at < order.size(); ++at) {
      add(Kind::ww,
          writer_of(list, order[at - 1]),
          writer_of(list, order[at]),
          list,
          &order[at - 1],
          &order[at]);
    }
    for (const std::string* value : unseen(list)) {
      if (order.empty()) break;
      add(Kind::ww,
          writer_of(list, order.back()),
          writer_of(list, *value),
          list,
          &order.back(),
          value);
    }
  }

  /// Values that no read shows: if they took effect, then behind all that one shows. If not,
  /// nothing depends on their transaction.
  [[nodiscard]] static std::vector<const std::string*> unseen(const List& list) {
    const std::set<std::string_view> seen(list.longest->begin(), list.longest->end());
    std::vector<const std::string*> values;
    for (const ListAct* act : list.appends) {
      if (!seen.contains(*act->appended)) values.push_back(&*act->appended);
    }
    return values;
  }

  void order_read(const List& list, const Read& read) {
    if (!is_prefix(list, read)) return;
    const Values& order = *list.longest;
    const std::string* last = read.length == 0 ? nullptr : &order[read.length - 1];
    if (last != nullptr) {
      add(Kind::wr, writer_of(list, *last), read.transaction, list, last, nullptr);
    }
    if (read.length < order.size()) {
      const std::string& next = order[read.length];
      add(Kind::rw, read.transaction, writer_of(list, next), list, last, &next);
      return;
    }
    for (const std::string* value : unseen(list)) {
      add(Kind::rw, read.transaction, writer_of(list, *value), list, last, value);
    }
  }

  [[nodiscard]] static bool is_prefix(const List& list, const Read& read) {
    const Values& seen = *read.act->seen;
    return std::equal(seen.begin(), seen.end(), list.longest->begin());
  }

  [[nodiscard]] static std::size_t writer_of(const List& list, std::string_view value) {
    const auto found = list.writers.find(value);
    return found == list.writers.end() ? nobody : found->second;
  }

  void add(
      Kind kind,
      std::size_t from,
      std::size_t to,
      const List& list,
      const std::string* before,
      const std::string* after) {
    if (from == nobody || to == nobody || from == to) return;
    graph_.dependencies.push_back({kind, from, to, list.key, before, after});
  }

  void note(const std::string& name, std::string text) {
    if (++noted_[name] <= shown_of_each) graph_.anomalies.push_back({name, std::move(text)});
  }

  const std::vector<Transaction>& history_;
  std::map<std::string_view, List> lists_;
  std::map<std::string, std::size_t> noted_;
  AppendGraph graph_;
};

}  // namespace

Result<AppendGraph> append_graph_of(const std::vector<Transaction>& history) {
  return Builder(history).build();
}

void add_real_time(const std::vector<Transaction>& history, AppendGraph& graph) {
  using Event = std::tuple<std::int64_t, bool, std::size_t>;  // starts before ends
  std::vector<Event> events;
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (history[i].outcome == Transaction::Outcome::aborted) continue;
    events.emplace_back(history[i].start, false, i);
    const bool has_ended = history[i].outcome == Transaction::Outcome::committed;
    if (has_ended) events.emplace_back(*history[i].end, true, i);
  }
  std::ranges::sort(events);
  std::vector<std::size_t> last;  // ended, and before none of each other
  for (const auto& [time, is_end, i] : events) {
    if (is_end) {
      std::erase_if(
          last, [&](std::size_t other) { return *history[other].end < history[i].start; });
      last.push_back(i);
      continue;
    }
    for (const std::size_t before : last) {
      graph.dependencies.push_back({Kind::rt, before, i, nullptr, nullptr, nullptr});
    }
  }
}

std::string text_of(const std::vector<Transaction>& history, std::size_t transaction) {
  const Transaction& told = history[transaction];
  std::string text = name_of(transaction) + " = client " + std::to_string(told.client) + " [" +
                     std::to_string(told.start) + ", " +
                     (told.end ? std::to_string(*told.end) : std::string("?")) + "]:";
  for (const ListAct& act : told.acts) {
    text += &act == &told.acts.front() ? " " : ", ";
    text += act.appended ? "append " + act.key + " " + *act.appended
                         : "read " + act.key + " " + (act.seen ? list_of(*act.seen) : "?");
  }
  return text;
}

}  // namespace harka::sim
