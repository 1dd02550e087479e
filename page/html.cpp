#include "page/html.h"

#include <algorithm>
#include <map>

#include "page/assets.h"
#include "page/sha256.h"
#include "tensor/file_io.h"

namespace gradus::page {
namespace {

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else
      result += c;
  }
  return result;
}

/// JSON for a script element: no text in it can close the element.
std::string json_text(const Json& json) {
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string result;
  for (const char c : text) {
    if (c == '<')
      result += "\\u003c";
    else
      result += c;
  }
  return result;
}

/// What runs a program is left out where there is none, and a script js/play_NAME.js unless the
/// report has a panel of the type play_NAME.
bool is_needed(std::string_view script, const Json& panels, bool has_program) {
  if (script == "js/run.js" || script.ends_with("/wasi.js")) return has_program;
  constexpr std::string_view folder = "js/";
  std::string_view name = script.substr(folder.size());
  name = name.substr(0, name.find('.'));
  if (!name.starts_with("play_")) return true;
  return std::any_of(panels.begin(), panels.end(), [&](const Json& panel) {
    return name.starts_with(panel.at("type").get<std::string>());
  });
}

std::string script_of(const Json& report, bool has_program) {
  std::string text = "\n\"use strict\";\n";
  for (const Asset& asset : scripts())
    if (is_needed(asset.name, report.at("panels"), has_program)) text += asset.text;
  return text;
}

/// The program, and the licences of what it contains.
std::string program_elements(const std::string& program) {
  if (program.empty()) return "";
  return "<aside id=\"licences\" aria-label=\"licences\">\n<details><summary>Licences of the "
         "program in this page</summary>\n<pre>" +
         escaped(std::string(notice())) +
         "</pre></details>\n</aside>\n<script type=\"text/plain\" id=\"program\">" + program +
         "</script>\n";
}

/// How a content security policy names an inline script or style: by the hash of its text.
std::string source_of(const std::string& text) { return "'sha256-" + base64(sha256(text)) + "'"; }

/// The page's own script and style run, and nothing else: no other script, also if a text of the
/// report became HTML, and nothing from a network. A program adds WebAssembly in a worker.
std::string policy(const std::string& script, const std::string& style, bool has_program) {
  const std::string wasm = has_program ? " 'wasm-unsafe-eval'" : "";
  const std::string worker = has_program ? "worker-src blob:; " : "";
  return "default-src 'none'; script-src " + source_of(script) + wasm + "; style-src " +
         source_of(style) + "; " + worker + "base-uri 'none'; form-action 'none'";
}

}  // namespace

std::string html(const Json& report, const std::string& program) {
  const std::string style = "\n" + std::string(stylesheet());
  const std::string script = script_of(report, !program.empty());
  const std::map<std::string_view, std::string> parts = {
      {"POLICY", policy(script, style, !program.empty())},
      {"TITLE", escaped(report.at("title").get<std::string>())},
      {"STYLE", style},
      {"REPORT", json_text(report)},
      {"PROGRAM", program_elements(program)},
      {"SCRIPT", script},
  };
  std::string page;
  std::string_view rest = html_template();
  for (size_t start = rest.find('@'); start != std::string_view::npos; start = rest.find('@')) {
    const size_t end = rest.find('@', start + 1);
    page += rest.substr(0, start);
    page += parts.at(rest.substr(start + 1, end - start - 1));
    rest = rest.substr(end + 1);
  }
  page += rest;
  return page;
}

std::string read_program(const std::string& wasm_file) {
  InputFile file("write", wasm_file);
  std::string bytes(static_cast<size_t>(file.left()), ' ');
  file.read(bytes.data(), file.left());
  if (bytes.starts_with("\x1f\x8b")) return base64(bytes);
  while (bytes.ends_with('\n'))
    bytes.pop_back();
  const auto is_base64 = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '+' || c == '/' || c == '=';
  };
  // "H4sI" is the beginning of a gzip file in base64.
  file.check(bytes.starts_with("H4sI") && std::all_of(bytes.begin(), bytes.end(), is_base64),
             "it is not a program that was compressed by gzip");
  return bytes;
}

}  // namespace gradus::page
