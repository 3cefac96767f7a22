// SPDX-License-Identifier: Apache-2.0
#include "admin/failures.hpp"

#include <algorithm>
#include <cctype>

namespace harka::admin {

const std::vector<Failure>& failures() {
  static const std::vector<Failure> table = {
      {"HK1001",
       exit_no,
       "the cluster is degraded",
       "Some shards have no leader, because fewer than half of their replicas are up, or no "
       "cluster has been created yet. Commands on those shards answer CLUSTERDOWN; nothing that "
       "was acknowledged is lost.",
       "start the nodes that `harka status` shows as DN; run `harka init` if there is no cluster"},
      {"HK1002",
       exit_no,
       "an invariant did not hold",
       "The demo or a check finished and found what must never happen: an acknowledged write that "
       "is gone, a read that went back in time, or shards that did not heal in time.",
       "keep the data (--data DIR) and the nodes' logs in it, and report them with the output"},
      {"HK2001",
       exit_usage,
       "wrong usage",
       "The command line has a command, a flag or a value that does not exist.",
       "see `harka --help` or `harka COMMAND --help`"},
      {"HK2002",
       exit_usage,
       "the configuration is not usable",
       "A key is unknown, a value is out of range, settings contradict each other, or something "
       "would listen beyond loopback without TLS and a password.",
       "correct the named key; `harka config reference` lists all of them with their defaults"},
      {"HK2003",
       exit_usage,
       "an address or port cannot be used",
       "Another process listens there, or the address does not belong to this machine. Ports are "
       "fixed, never picked at random, so nothing was started elsewhere instead.",
       "stop the process that holds it, or choose another address or --port-base"},
      {"HK2004",
       exit_usage,
       "a file or directory cannot be used",
       "It does not exist, may not be read or written, or lies on a read-only disk.",
       "check the path, its owner and its mode"},
      {"HK3001",
       exit_unreachable,
       "the node is not reachable",
       "Nobody listens at that address, or the connection broke before an answer. Nothing was "
       "changed.",
       "start a node there with `harka start`, or name another one with --node HOST:PORT"},
      {"HK3002",
       exit_unreachable,
       "not enough nodes are up",
       "What was asked needs a majority, or a number of nodes, that is not there now. Nothing was "
       "changed.",
       "start the missing nodes with the same seed list, then try again"},
      {"HK4001",
       exit_not_allowed,
       "not allowed",
       "The password is missing or wrong, or the certificate is not one of this cluster's.",
       "set HARKA_PASSWORD or --password; for links check tls_ca, tls_cert and tls_key"},
      {"HK5001",
       exit_not_found,
       "not found",
       "Nothing has that name.",
       "list the names first: `harka status`, `harka actors`, `harka explain`"},
      {"HK6001",
       exit_refused,
       "refused to protect data",
       "The data directory or the node belongs to another node or cluster. Going on could mix up "
       "or "
       "overwrite what was acknowledged. Nothing was changed.",
       "use the directory under its own name and in its own cluster, or give another --data"},
      {"HK6002",
       exit_refused,
       "data is damaged",
       "Bytes that were written and synced read back differently. The node does not guess what "
       "they were.",
       "check the disk. Where the line above says what to do, do that. Else the state is damaged: "
       "move the directory state/ away and start the node, the other replicas restore it; for a "
       "node alone restore a backup"},
      {"HK6003",
       exit_refused,
       "the data directory is in use",
       "Another process has it open. Two on one directory would destroy it. Nothing was changed.",
       "stop that process first, or give another --data"},
      {"HK6004",
       exit_refused,
       "data of another version",
       "The data directory was written by a version of HARKA whose format this one does not read. "
       "Nothing was changed.",
       "start the version that wrote it, or give another --data"},
      {"HK6005",
       exit_refused,
       "another node has this name",
       "The cluster knows a node of this name with another data directory. The node with that data "
       "directory keeps the name and goes on; this one has stopped.",
       "give this node another --name, or start it on the data directory that has the name"},
      {"HK7001",
       exit_timed_out,
       "no answer in time",
       "The request may have been carried out, or not.",
       "look at `harka status` first; status, actors and drain may be repeated safely, and so may "
       "init: a cluster is created at most once"},
      {"HK8001",
       exit_bug,
       "a bug in HARKA",
       "The program contradicted itself and stopped.",
       "report the message, the version (`harka --version`) and the log"},
      {"HK9001",
       exit_disk_failed,
       "the disk failed a durable write",
       "A write or sync failed. After that nobody knows what the disk holds, so the node stopped "
       "rather than acknowledge what may be lost.",
       "check and replace the disk, then start the node again: it reads back what is there"},
      {"HK9002",
       exit_disk_failed,
       "the disk is full",
       "There was no room for a durable write, so the node stopped rather than acknowledge what "
       "may "
       "be lost. What was acknowledged is on the disk.",
       "free space, then start the node again: it goes on where it stopped"},
  };
  return table;
}

const Failure* find_failure(std::string_view id) {
  const auto is_same = [](char a, char b) {
    return std::toupper(static_cast<unsigned char>(a)) ==
           std::toupper(static_cast<unsigned char>(b));
  };
  for (const Failure& known : failures()) {
    if (std::equal(known.id.begin(), known.id.end(), id.begin(), id.end(), is_same)) return &known;
  }
  return nullptr;
}

const Failure& failure(std::string_view id) {
  const Failure* found = find_failure(id);
  ASSERT(found != nullptr);
  return *found;
}

const Failure& failure_of(Code code) {
  switch (code) {
    case Code::invalid_argument:
    case Code::too_large: return failure("HK2002");
    case Code::not_allowed: return failure("HK4001");
    case Code::not_found: return failure("HK5001");
    case Code::already_exists:
    case Code::refused_to_protect:
    case Code::stale_epoch: return failure("HK6001");
    case Code::corrupt: return failure("HK6002");
    case Code::unknown_outcome: return failure("HK7001");
    case Code::retry_later:
    case Code::not_leader: return failure("HK3002");
    case Code::io_failed: return failure("HK9001");
  }
  return failure("HK8001");
}

const Failure& failure_of_exit(int exit_code) {
  switch (exit_code) {
    case exit_no: return failure("HK1001");
    case exit_usage: return failure("HK2001");
    case exit_unreachable: return failure("HK3002");
    case exit_not_allowed: return failure("HK4001");
    case exit_not_found: return failure("HK5001");
    case exit_refused: return failure("HK6001");
    case exit_timed_out: return failure("HK7001");
    case exit_disk_failed: return failure("HK9001");
    default: return failure("HK8001");
  }
}

std::string explanation_of(const Failure& failure) {
  return std::string(failure.id) + "  " + std::string(failure.title) + "  (exit code " +
         std::to_string(failure.exit_code) + ")\n\n" + std::string(failure.meaning) +
         "\n\nWhat to do: " + std::string(failure.remedy) + ".\n";
}

std::string error_text(const Failure& failure, std::string_view detail) {
  const std::string id(failure.id);
  return "harka: " + std::string(detail) + "\n  " + id + " " + std::string(failure.title) + ": " +
         std::string(failure.remedy) + "\n  more: harka explain " + id + "\n";
}

}  // namespace harka::admin
