// SPDX-License-Identifier: Apache-2.0
// How answers look. Every command makes one JSON document (apiVersion, kind, items, warnings) and
// this is the one place that turns it into what people or programs read.
//
// `json` is the document, `jsonl` one item a line, `yaml` the document, `name` one name a line;
// `table` and `wide` follow the view of the document's kind, or list the fields of an unknown one.
// Invalid JSON cannot come out, and nothing but the document goes to stdout.
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace harka::admin {

using Json = nlohmann::ordered_json;

enum class Format : std::uint8_t { table, wide, json, jsonl, yaml, name };

[[nodiscard]] const std::vector<std::string>& format_names();
[[nodiscard]] std::optional<Format> parse_format(std::string_view name);

/// Whether a program reads it: then an error is an object on stdout, too.
[[nodiscard]] constexpr bool is_machine_format(Format format) {
  return format == Format::json || format == Format::jsonl || format == Format::yaml;
}

struct Style {
  Format format = Format::table;
  bool has_headers = true;
  bool has_colour = false;
  std::size_t width = 0;  // of the terminal, in characters; 0: no bound
};

enum class Tone : std::uint8_t { plain, good, bad };

struct Column {
  std::string_view title;
  std::string_view key;
  bool is_number = false;                      // right-aligned
  bool is_wide = false;                        // only with `wide`
  std::string (*show)(const Json&) = nullptr;  // of the item; default: the key's value
  Tone (*tone)(const Json&) = nullptr;         // of the item
};

/// A table of one kind of document.
struct View {
  std::string_view kind;
  std::string_view name_key = "name";
  std::string (*headline)(const Json&) = nullptr;  // lines above the table, of the document
  Tone (*tone)(const Json&) = nullptr;             // of the headline's first line
  std::vector<Column> columns;
};

/// A document with the fields that all have; fill in `items`.
[[nodiscard]] Json make_document(std::string_view kind);
/// The text of a document; ends with a newline unless it is empty.
[[nodiscard]] std::string render(const Json& document, const Style& style);
/// A value as a cell shows it: "-" for what is missing or null.
[[nodiscard]] std::string cell_text(const Json& object, std::string_view key);

}  // namespace harka::admin
