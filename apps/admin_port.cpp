// SPDX-License-Identifier: Apache-2.0
// The two answers, as JSON.
#include "apps/admin_port.hpp"

#include "base/json_writer.hpp"

namespace harka::apps {

bool AdminPort::post(EnvelopePtr envelope) {
  const auto* request = std::get_if<msg::AdminRequest>(&envelope->body);
  if (request == nullptr) return false;
  const bool is_ours = request->verb == "actors" || request->verb == "counters";
  if (!is_ours) {
    Address control = envelope->to;
    control.kind = msg::ActorKind::control;
    return directory_.post(std::make_shared<const Envelope>(
        Envelope{envelope->from, control, envelope->correlation, *request}));
  }
  msg::AdminReply reply;
  reply.token = request->token;
  reply.json = SharedBytes(request->verb == "actors" ? actors_json() : counters_json());
  return directory_.post(std::make_shared<const Envelope>(
      Envelope{envelope->to, envelope->from, envelope->correlation, std::move(reply)}));
}

std::string AdminPort::actors_json() const {
  JsonWriter json;
  json.begin_object().field("apiVersion", "harka/v1").field("kind", "ActorList");
  json.key("items").begin_array();
  for (const ActorInfo& actor : registry_.snapshot()) {
    json.begin_object().field("name", actor.name).field("alive", actor.is_alive);
    json.field("thread", name_of(actor.thread));
    json.field("mailbox", actor.mailbox_length).field("mailboxPeak", actor.mailbox_peak);
    json.field("mailboxMax", actor.mailbox_max).field("refused", actor.mailbox_refused);
    json.field("handled", actor.handled_count).field("restarts", actor.restart_count);
    json.field("lastFailure", actor.last_failure).field("state", actor.description);
    json.field("spawnedAtMs", actor.spawned_at).end();
  }
  json.end().key("warnings").begin_array().end().end();
  return json.take();
}

std::string AdminPort::counters_json() const {
  const storage::LogCounters log = log_store_.counters();
  JsonWriter json;
  json.begin_object().field("apiVersion", "harka/v1").field("kind", "Counters");
  json.field("droppedEnvelopes", directory_.dropped());
  json.key("log").begin_object();
  json.field("flushes", log.flushes).field("entries", log.entries).field("bytes", log.bytes);
  json.field("segments", log.segments).field("recycled", log.recycled).end();
  json.key("links").begin_array();
  for (const net::PeerStatus& peer : links_.status()) {
    json.begin_object().field("name", peer.name).field("up", peer.is_up);
    json.field("messagesIn", peer.messages_in).field("messagesOut", peer.messages_out);
    json.field("refused", peer.messages_refused).field("outboxBytes", peer.outbox_bytes);
    json.field("forbidden", peer.messages_forbidden);
    json.field("undecodable", peer.messages_undecodable);
    json.field("tooLarge", peer.messages_too_large);
    json.field("bytesIn", peer.bytes_in).field("bytesOut", peer.bytes_out);
    json.field("lastError", peer.last_error).end();
  }
  json.end().end();
  return json.take();
}

}  // namespace harka::apps
