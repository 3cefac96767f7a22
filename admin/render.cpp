// SPDX-License-Identifier: Apache-2.0
#include "admin/render.hpp"

#include "admin/views.hpp"

#include <algorithm>

namespace harka::admin {

namespace {

constexpr std::string_view reset = "\x1b[0m";

std::string_view escape_of(Tone tone) {
  switch (tone) {
    case Tone::plain: return "";
    case Tone::good: return "\x1b[32m";
    case Tone::bad: return "\x1b[31m";
  }
  return "";
}

std::string painted(std::string text, Tone tone, const Style& style) {
  if (!style.has_colour || tone == Tone::plain || text.empty()) return text;
  return std::string(escape_of(tone)) + text + std::string(reset);
}

/// Characters, not bytes: a continuation byte of UTF-8 starts none.
std::size_t length_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string cut(const std::string& text, std::size_t length) {
  if (length_of(text) <= length) return text;
  std::string kept;
  std::size_t count = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U && ++count >= length) break;
    kept += c;
  }
  return kept + "…";
}

/// What is no UTF-8 (a word of the command line, a path) becomes U+FFFD, where dump would throw.
std::string json_text(const Json& value, int indent = -1) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

const Json& items_of(const Json& document) {
  static const Json none = Json::array();
  const auto found = document.find("items");
  return found != document.end() && found->is_array() ? *found : none;
}

struct Cell {
  std::string text;
  Tone tone = Tone::plain;
};

std::string row_text(
    const std::vector<Cell>& row,
    const std::vector<const Column*>& columns,
    const std::vector<std::size_t>& widths,
    const Style& style) {
  std::string line;
  std::size_t used = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const bool is_last = i + 1 == row.size();
    std::string text = row[i].text;
    if (is_last && style.width > used + 8) text = cut(text, style.width - used);
    const std::string gap(widths[i] - std::min(widths[i], length_of(text)), ' ');
    const std::string shown = painted(text, row[i].tone, style);
    line += columns[i]->is_number ? gap + shown : is_last ? shown : shown + gap;
    line += is_last ? "\n" : "  ";
    used += widths[i] + 2;
  }
  return line;
}

std::string table_text(const View& view, const Json& document, const Style& style) {
  std::vector<const Column*> columns;
  for (const Column& column : view.columns) {
    if (!column.is_wide || style.format == Format::wide) columns.push_back(&column);
  }
  std::vector<std::vector<Cell>> rows;
  if (style.has_headers) {
    std::vector<Cell> titles;
    for (const Column* column : columns) titles.push_back(Cell{std::string(column->title)});
    rows.push_back(std::move(titles));
  }
  for (const Json& item : items_of(document)) {
    std::vector<Cell> row;
    for (const Column* column : columns) {
      row.push_back(Cell{
          column->show != nullptr ? column->show(item) : cell_text(item, column->key),
          column->tone != nullptr ? column->tone(item) : Tone::plain});
    }
    rows.push_back(std::move(row));
  }
  std::vector<std::size_t> widths(columns.size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], length_of(row[i].text));
    }
  }
  std::string text;
  for (const auto& row : rows) text += row_text(row, columns, widths, style);
  return text;
}

std::string headline_text(const View& view, const Json& document, const Style& style) {
  if (view.headline == nullptr || !style.has_headers) return {};
  const std::string lines = view.headline(document);
  const std::size_t first = std::min(lines.find('\n'), lines.size());
  const Tone tone = view.tone != nullptr ? view.tone(document) : Tone::plain;
  return painted(lines.substr(0, first), tone, style) + lines.substr(first);
}

/// A document whose kind has no table: its fields, one a line.
std::string fields_text(const Json& document) {
  std::string text;
  for (const auto& [key, value] : document.items()) {
    if (key == "apiVersion" || key == "kind" || value.is_array()) continue;
    text += key + ": " + cell_text(document, key) + "\n";
  }
  return text;
}

std::string names_text(std::string_view key, const Json& document) {
  std::string text;
  for (const Json& item : items_of(document)) text += cell_text(item, key) + "\n";
  return text;
}

std::string lines_text(const Json& document) {
  if (!document.contains("items")) return json_text(document) + "\n";
  std::string text;
  for (const Json& item : items_of(document)) text += json_text(item) + "\n";
  return text;
}

// JSON's strings are YAML's double-quoted ones, so quoting is never wrong and always enough.
void append_yaml(const Json& value, std::size_t depth, std::string& text);

bool is_block(const Json& value) {
  return value.is_structured() && !value.empty();
}

void append_yaml_object(const Json& value, std::size_t depth, std::string& text) {
  bool is_first = true;
  for (const auto& [key, field] : value.items()) {
    if (!is_first) text += std::string(depth, ' ');
    is_first = false;
    text += key + ":";
    if (is_block(field)) {
      text += "\n" + std::string(depth + 2, ' ');
      append_yaml(field, depth + 2, text);
    } else {
      text += " " + json_text(field) + "\n";
    }
  }
}

void append_yaml(const Json& value, std::size_t depth, std::string& text) {
  if (value.is_object() && !value.empty()) {
    append_yaml_object(value, depth, text);
  } else if (is_block(value)) {
    bool is_first = true;
    for (const Json& item : value) {
      if (!is_first) text += std::string(depth, ' ');
      is_first = false;
      text += "- ";
      append_yaml(item, depth + 2, text);
    }
  } else {
    text += json_text(value) + "\n";
  }
}

}  // namespace

const std::vector<std::string>& format_names() {
  static const std::vector<std::string> names{"table", "wide", "json", "jsonl", "yaml", "name"};
  return names;
}

std::optional<Format> parse_format(std::string_view name) {
  const auto& names = format_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Format>(found - names.begin());
}

Json make_document(std::string_view kind) {
  Json document;
  document["apiVersion"] = "harka/v1";
  document["kind"] = std::string(kind);
  return document;
}

std::string cell_text(const Json& object, std::string_view key) {
  const auto found = object.find(std::string(key));
  if (found == object.end() || found->is_null()) return "-";
  return found->is_string() ? found->get<std::string>() : json_text(*found);
}

std::string render(const Json& document, const Style& style) {
  const View* view = find_view(cell_text(document, "kind"));
  switch (style.format) {
    case Format::json: return json_text(document, 2) + "\n";
    case Format::jsonl: return lines_text(document);
    case Format::yaml: {
      std::string text;
      append_yaml(document, 0, text);
      return text;
    }
    case Format::name: return names_text(view != nullptr ? view->name_key : "name", document);
    case Format::table:
    case Format::wide: break;
  }
  if (view == nullptr) return fields_text(document);
  return headline_text(*view, document, style) + table_text(*view, document, style);
}

}  // namespace harka::admin
